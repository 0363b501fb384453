using PhotoPlatform.Contracts;
using PhotoPlatform.ServiceDefaults.Identity;
using Yarp.ReverseProxy.Transforms;
using Yarp.ReverseProxy.Transforms.Builder;

namespace PhotoPlatform.Gateway.Proxy;

/// <summary>Puts the signed identity on every proxied request, and takes off what only the gateway may see or say.</summary>
internal static class IdentityTransform
{
    internal static void Add(TransformBuilderContext context)
    {
        var signer = context.Services.GetRequiredService<IdentitySigner>();
        var audience = context.Route.ClusterId!;
        context.AddRequestTransform(request =>
        {
            var headers = request.ProxyRequest.Headers;
            foreach (var name in request.HttpContext.Request.Headers.Keys.Where(name => name.StartsWith("X-Internal-", StringComparison.OrdinalIgnoreCase)))
                headers.Remove(name);
            headers.Remove("Cookie");
            headers.Remove("Authorization");
            var session = request.HttpContext.Features.Get<ResolvedSession>();
            headers.TryAddWithoutValidation(IdentitySigner.Header, signer.Sign(audience, session?.UserId, session?.SessionId));
            return default;
        });
    }
}
