using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace LocalHosting.Dashboard;

/// <summary>
/// Keeps other web sites out. Their pages run in the same browser and can reach this port: by a host name of theirs that resolves to
/// this machine (refused by the Host header), or by a form that posts here (refused unless the request comes from our own page or carries the token).
/// </summary>
internal static class RequestGuard
{
    private static readonly string[] OwnHosts = ["localhost", "127.0.0.1", "[::1]"];

    public static Func<HttpContext, Func<Task>, Task> Create(string controlToken) => async (context, next) =>
    {
        var request = context.Request;
        context.Response.Headers.ContentSecurityPolicy = "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'";
        context.Response.Headers.XContentTypeOptions = "nosniff";
        context.Response.Headers.CacheControl = "no-store";
        context.Response.Headers["Referrer-Policy"] = "no-referrer";
        if (!OwnHosts.Contains(request.Host.Host, StringComparer.OrdinalIgnoreCase))
            context.Response.StatusCode = StatusCodes.Status421MisdirectedRequest;
        else if (!HttpMethods.IsGet(request.Method) && !HttpMethods.IsHead(request.Method) && !IsOwnPage(request) && !HasToken(request, controlToken))
            context.Response.StatusCode = StatusCodes.Status403Forbidden;
        else
            await next();
    };

    private static bool IsOwnPage(HttpRequest request) =>
        request.Headers["Sec-Fetch-Site"] is { Count: > 0 } site
            ? site == "same-origin"
            : request.Headers.Origin == $"{request.Scheme}://{request.Host}";

    private static bool HasToken(HttpRequest request, string controlToken) =>
        CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(request.Headers["X-Control-Token"].ToString()), Encoding.UTF8.GetBytes(controlToken));
}
