using PhotoPlatform.ServiceDefaults;
using PhotoPlatform.ServiceDefaults.Caching;

namespace PhotoPlatform.Gateway.Sessions;

/// <summary>Finds the session behind <c>Authorization: Bearer</c> or the session cookie. An unknown one leaves the caller anonymous.</summary>
internal sealed class SessionMiddleware(RequestDelegate next, IConfiguration configuration, ILogger<SessionMiddleware> logger)
{
    private readonly string _cookieName = SessionCookieName.FromConfiguration(configuration);

    public async Task InvokeAsync(HttpContext context, SessionResolver resolver)
    {
        if (SessionToken.Of(context.Request, _cookieName) is not { } token || !NeedsSession(context.Request.Path))
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
}
