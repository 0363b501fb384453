using PhotoPlatform.ServiceDefaults.Caching;

namespace PhotoPlatform.Gateway.Sessions;

/// <summary>Finds the session behind <c>Authorization: Bearer</c> or the session cookie. An unknown one leaves the caller anonymous.</summary>
internal sealed class SessionMiddleware(RequestDelegate next, ILogger<SessionMiddleware> logger)
{
    private const string Bearer = "Bearer ";
    private const int MaxTokenLength = 128;
    private static readonly string[] CookieNames = ["__Host-session", "session"];

    public async Task InvokeAsync(HttpContext context, SessionResolver resolver)
    {
        if (TokenOf(context.Request) is not { } token || !NeedsSession(context.Request.Path))
        {
            await next(context);
            return;
        }

        try
        {
            context.Features.Set(await resolver.ResolveAsync(SessionCache.HashOf(token), context.RequestAborted));
        }
        catch (HttpRequestException exception)
        {
            logger.LogWarning("A session could not be checked: {Reason}", exception.Message);
            context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
            context.Response.Headers.RetryAfter = "1";
            return;
        }
        await next(context);
    }

    private static bool NeedsSession(PathString path) => path.StartsWithSegments("/api") || path.StartsWithSegments("/media");

    private static string? TokenOf(HttpRequest request)
    {
        var token = request.Headers.Authorization.ToString() is var header && header.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase)
            ? header[Bearer.Length..].Trim()
            : CookieNames.Select(name => request.Cookies[name]).FirstOrDefault(value => value is not null);
        return token is { Length: > 0 and <= MaxTokenLength } ? token : null;
    }
}
