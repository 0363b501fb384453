using Yarp.ReverseProxy.Configuration;
using Yarp.ReverseProxy.Forwarder;
using Yarp.ReverseProxy.Model;

namespace PhotoPlatform.Gateway.Proxy;

/// <summary>
/// Sends a request to another replica when the first one failed before it answered anything: any request of which nothing was sent, because
/// nobody listened there, and otherwise only one that changes nothing (RFC 9110 9.2.1). When no other replica is left, the configured addresses
/// are the last resort: the AppHost's proxy has the request wait for a replica that starts.
/// </summary>
internal sealed class ReplicaRetry(RequestDelegate next, ServiceAddresses addresses, ILogger<ReplicaRetry> logger)
{
    private const int MaxRetries = 2;

    public async Task InvokeAsync(HttpContext context)
    {
        var proxy = context.GetReverseProxyFeature();
        var tried = new List<string>();
        while (true)
        {
            await next(context);
            if (proxy.ProxiedDestination is not { } failed || context.Features.Get<IForwarderErrorFeature>() is not { } error || !MayRepeat(context, error) || tried.Count == MaxRetries)
                return;
            tried.Add(failed.DestinationId);
            var others = Others(context.GetRouteModel().Cluster!, tried);
            if (others.Length == 0)
                return;

            logger.LogInformation("{Destination} did not answer ({Reason}): the request goes to another replica", failed.DestinationId, error.Exception?.GetBaseException().Message);
            context.Features.Set<IForwarderErrorFeature>(null);
            context.Response.StatusCode = StatusCodes.Status200OK;
            (proxy.AvailableDestinations, proxy.ProxiedDestination) = (others, null);
        }
    }

    /// <summary>The ready replicas that are left; otherwise the configured addresses that are left, however ill they are thought to be.</summary>
    private DestinationState[] Others(ClusterState cluster, List<string> tried)
    {
        DestinationState[] ready = [.. cluster.DestinationsState.AvailableDestinations.ExceptBy(tried, replica => replica.DestinationId)];
        return ready.Length > 0 ? ready : [.. addresses.Configured(cluster.ClusterId).Except(tried).Select(address => Find(cluster, address))];
    }

    private static DestinationState Find(ClusterState cluster, string address) =>
        cluster.DestinationsState.AllDestinations.FirstOrDefault(replica => replica.DestinationId == address)
        ?? new DestinationState(address, new DestinationModel(new DestinationConfig { Address = address }));

    private static bool MayRepeat(HttpContext context, IForwarderErrorFeature error) =>
        error.Error == ForwarderError.Request && !context.Response.HasStarted && !context.RequestAborted.IsCancellationRequested
        && (RefusedConnections.Is(error) || (IsSafe(context.Request.Method) && !HasBody(context)));

    private static bool IsSafe(string method) => HttpMethods.IsGet(method) || HttpMethods.IsHead(method);

    private static bool HasBody(HttpContext context) => context.Features.Get<Microsoft.AspNetCore.Http.Features.IHttpRequestBodyDetectionFeature>() is not { CanHaveBody: false };
}
