using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace PhotoPlatform.ServiceDefaults.Telemetry;

/// <summary>One line for each request, probes aside. Query strings stay out: signed URLs carry secrets there.</summary>
internal sealed class RequestLog(RequestDelegate next, ILogger<RequestLog> logger, TimeProvider time)
{
    public async Task InvokeAsync(HttpContext context)
    {
        var start = time.GetTimestamp();
        try
        {
            await next(context);
        }
        finally
        {
            if (context.Request.Path.Value is not ("/health" or "/alive"))
            {
                logger.LogInformation("{Method} {Path} answered {Status} in {Elapsed:0.0} ms",
                    context.Request.Method, context.Request.Path.Value, context.Response.StatusCode, time.GetElapsedTime(start).TotalMilliseconds);
            }
        }
    }
}
