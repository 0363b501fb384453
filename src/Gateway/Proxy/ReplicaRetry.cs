using Yarp.ReverseProxy.Forwarder;
using Yarp.ReverseProxy.Model;

namespace PhotoPlatform.Gateway.Proxy;

/// <summary>
/// Sends a request to another replica when the first one failed before it answered anything: any request of which nothing was sent, because
/// nobody listened there, and otherwise only one that changes nothing (RFC 9110 9.2.1).
/// </summary>
internal sealed class ReplicaRetry(RequestDelegate next, ILogger<ReplicaRetry> logger)
{
    private const int MaxRetries = 2;

    public async Task InvokeAsync(HttpContext context)
    {
        var proxy = context.GetReverseProxyFeature();
        var (available, tried) = (proxy.AvailableDestinations, new List<DestinationState>());
        while (true)
        {
            await next(context);
            if (proxy.ProxiedDestination is not { } failed || context.Features.Get<IForwarderErrorFeature>() is not { } error || !MayRepeat(context, error) || tried.Count == MaxRetries)
                return;
            tried.Add(failed);
            // One that is thought to be ill is still better than none.
            DestinationState[] others = [.. available.Except(tried)];
            if (others.Length == 0)
                others = [.. context.GetRouteModel().Cluster!.DestinationsState.AllDestinations.Except(tried)];
            if (others.Length == 0)
                return;

            logger.LogInformation("{Destination} did not answer ({Reason}): the request goes to another replica", failed.DestinationId, error.Exception?.GetBaseException().Message);
            context.Features.Set<IForwarderErrorFeature>(null);
            context.Response.StatusCode = StatusCodes.Status200OK;
            (proxy.AvailableDestinations, proxy.ProxiedDestination) = (others, null);
        }
    }

    private static bool MayRepeat(HttpContext context, IForwarderErrorFeature error) =>
        error.Error == ForwarderError.Request && !context.Response.HasStarted && !context.RequestAborted.IsCancellationRequested
        && (RefusedConnections.Is(error) || (IsSafe(context.Request.Method) && !HasBody(context)));

    private static bool IsSafe(string method) => HttpMethods.IsGet(method) || HttpMethods.IsHead(method);

    private static bool HasBody(HttpContext context) => context.Features.Get<Microsoft.AspNetCore.Http.Features.IHttpRequestBodyDetectionFeature>() is not { CanHaveBody: false };
}
