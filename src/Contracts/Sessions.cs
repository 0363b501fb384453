namespace PhotoPlatform.Contracts;

/// <summary>The body of <c>POST /internal/sessions/resolve</c>, from the gateway to Users.</summary>
/// <param name="TokenHash">SHA-256 of the session's token in lower-case hex.</param>
public sealed record ResolveSession(string TokenHash);

/// <summary>A live session.</summary>
public sealed record ResolvedSession(Guid UserId, Guid SessionId, DateTimeOffset ExpiresAt);
