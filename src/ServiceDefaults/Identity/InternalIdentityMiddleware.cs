using System.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace PhotoPlatform.ServiceDefaults.Identity;

/// <summary>Refuses every request without the gateway's signed identity; anonymous callers have one too.</summary>
internal sealed class InternalIdentityMiddleware(RequestDelegate next, IdentitySigner signer, IdentityAudience audience, ILogger<InternalIdentityMiddleware> logger)
{
    public async Task InvokeAsync(HttpContext context)
    {
        if (context.Request.Path.Value is "/health" or "/alive")
        {
            await next(context);
            return;
        }

        var identity = signer.Read(context.Request.Headers[IdentitySigner.Header], audience.Name);
        var internalOnly = context.Request.Path.StartsWithSegments("/internal");
        if (identity is null || (internalOnly && !identity.Roles.Contains(CallerIdentity.GatewayRole)))
        {
            context.Response.StatusCode = StatusCodes.Status401Unauthorized;
            return;
        }

        context.Features.Set(identity);
        using (logger.BeginScope(new KeyValuePair<string, object?>[] { new("user_id", identity.UserId) }))
        {
            Activity.Current?.SetTag("enduser.id", identity.UserId);
            await next(context);
        }
    }
}
