using System.Reflection;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using PhotoPlatform.ServiceDefaults.OpenApi;

namespace PhotoPlatform.ServiceDefaults.Identity;

/// <summary>The signed-in user of a request. An endpoint that takes one must be mapped with <see cref="SignedInUserExtensions.RequireUser{T}"/>.</summary>
public sealed record SignedInUser(Guid Id, Guid SessionId)
{
    /// <summary>Binds from the identity that the gateway signed.</summary>
    public static ValueTask<SignedInUser?> BindAsync(HttpContext context, ParameterInfo parameter) =>
        ValueTask.FromResult(context.Features.Get<CallerIdentity>() is { UserId: { } user, SessionId: { } session } ? new SignedInUser(user, session) : null);
}

/// <summary>Requires a signed-in user.</summary>
public static class SignedInUserExtensions
{
    /// <summary>Answers 401 to anonymous callers.</summary>
    public static T RequireUser<T>(this T builder) where T : IEndpointConventionBuilder
    {
        builder.AddEndpointFilter(async (context, next) =>
            context.HttpContext.Features.Get<CallerIdentity>()?.UserId is null ? TypedResults.Problem(statusCode: StatusCodes.Status401Unauthorized, detail: "Sign in first.") : await next(context));
        return builder.WithMetadata(new UserRequiredNote());
    }
}
