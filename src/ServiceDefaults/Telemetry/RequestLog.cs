using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using PhotoPlatform.Contracts;
using PhotoPlatform.ServiceDefaults.Identity;

namespace PhotoPlatform.ServiceDefaults.Telemetry;

/// <summary>One line for each request, probes aside. Query strings stay out, for signed URLs carry secrets there, and so do handles, which outlive no account.</summary>
internal sealed partial class RequestLog(RequestDelegate next, ILogger<RequestLog> logger, TimeProvider time)
{
    private static string WithoutHandle(string path) => Handle().Replace(path, "$1{handle}");

    public async Task InvokeAsync(HttpContext context)
    {
        var start = time.GetTimestamp();
        var path = context.Request.Path.Value;
        try
        {
            await next(context);
        }
        finally
        {
            if (path is not ("/health" or "/alive"))
            {
                // A service learns of the user from the identity, the gateway from the session.
                var user = context.Features.Get<CallerIdentity>()?.UserId ?? context.Features.Get<ResolvedSession>()?.UserId;
                using var scope = logger.BeginScope(new KeyValuePair<string, object?>[] { new("user_id", user) });
                logger.LogInformation("{Method} {Path} answered {Status} in {Elapsed:0.0} ms",
                    context.Request.Method, WithoutHandle(path ?? ""), context.Response.StatusCode, time.GetElapsedTime(start).TotalMilliseconds);
            }
        }
    }

    [GeneratedRegex("^(/api/users/)(?!me(?:/|$))[^/]+", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Handle();
}
