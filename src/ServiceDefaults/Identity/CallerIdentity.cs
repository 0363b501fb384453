using System.Text.Json.Serialization;

namespace PhotoPlatform.ServiceDefaults.Identity;

/// <summary>Who is behind a request, as the gateway established it.</summary>
/// <param name="UserId">The signed-in user, or null for an anonymous caller.</param>
/// <param name="SessionId">The session's id (not its token), or null.</param>
/// <param name="Roles">Roles of the caller; <c>gateway</c> is the gateway itself.</param>
/// <param name="Audience">The one service that the identity is meant for.</param>
/// <param name="ExpiresAt">Unix seconds.</param>
public sealed record CallerIdentity(
    [property: JsonPropertyName("sub")] Guid? UserId,
    [property: JsonPropertyName("sid")] Guid? SessionId,
    [property: JsonPropertyName("roles")] IReadOnlyList<string> Roles,
    [property: JsonPropertyName("aud")] string Audience,
    [property: JsonPropertyName("exp")] long ExpiresAt)
{
    /// <summary>The role of the gateway's own calls, which no user has.</summary>
    public const string GatewayRole = "gateway";
}

/// <summary>The service that identities must be meant for.</summary>
internal sealed record IdentityAudience(string Name);

[JsonSerializable(typeof(CallerIdentity))]
internal sealed partial class IdentityJson : JsonSerializerContext;
