namespace PhotoPlatform.Gateway.Sessions;

/// <summary>The token that a request brings along: in <c>Authorization: Bearer</c>, else in the session cookie.</summary>
internal static class SessionToken
{
    private const string Bearer = "Bearer ";
    private const int MaxLength = 128;

    /// <summary>Whether the request names its token itself, which no other site's page can make a browser do.</summary>
    internal static bool IsBearer(HttpRequest request) => request.Headers.Authorization.ToString().StartsWith(Bearer, StringComparison.OrdinalIgnoreCase);

    /// <summary>The token, or null when there is none that could be one.</summary>
    internal static string? Of(HttpRequest request, string cookieName)
    {
        var token = IsBearer(request) ? request.Headers.Authorization.ToString()[Bearer.Length..].Trim() : request.Cookies[cookieName];
        return token is { Length: > 0 and <= MaxLength } ? token : null;
    }
}
