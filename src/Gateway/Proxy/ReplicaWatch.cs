using System.Net.Mime;
using System.Runtime.CompilerServices;
using Yarp.ReverseProxy.Configuration;

namespace PhotoPlatform.Gateway.Proxy;

/// <summary>
/// Follows the replicas of each service that the gateway proxies, while they come and go: the AppHost's control address tells them
/// (<c>GET /api/resources/NAME/addresses?endpoint=http</c>), at once and after each change. While it cannot be asked, or says something
/// else, what it last said holds; it is asked again after 1 s, later 10 s.
/// </summary>
internal sealed class ReplicaWatch(
    Uri control, IHttpClientFactory clients, ServiceAddresses addresses, IProxyConfigProvider proxy, IHostApplicationLifetime lifetime, TimeProvider time, ILogger<ReplicaWatch> logger) : BackgroundService
{
    /// <summary>The setting with the control address; an AppHost that has none does not set it.</summary>
    private const string Setting = "APPHOST_CONTROL_URL";

    private const string ClientName = "replica-watch";
    private static readonly TimeSpan MinPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan MaxPause = TimeSpan.FromSeconds(10);

    // A comment comes every 15 s.
    private static readonly TimeSpan MaxSilence = TimeSpan.FromSeconds(45);

    /// <summary>Adds the watch when there is a control address.</summary>
    /// <exception cref="InvalidOperationException">The setting is no address.</exception>
    internal static void Add(WebApplicationBuilder builder)
    {
        if (builder.Configuration[Setting] is not { Length: > 0 } setting)
            return;
        if (!Uri.TryCreate(setting, UriKind.Absolute, out var control) || control.Scheme != Uri.UriSchemeHttp)
            throw new InvalidOperationException($"The setting '{Setting}' is '{setting}': it must be an address like http://localhost:18888, or missing.");
        builder.Services.AddHttpClient(ClientName, client => client.Timeout = Timeout.InfiniteTimeSpan)
            .ConfigurePrimaryHttpMessageHandler(() => new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, UseProxy = false });
        builder.Services.AddHostedService(services => ActivatorUtilities.CreateInstance<ReplicaWatch>(services, control));
    }

    // Ends as soon as the gateway begins to stop: the host stops its services only after the requests that are being worked on.
    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        Task.WhenAll(proxy.GetConfig().Clusters.Select(cluster => FollowAsync(cluster.ClusterId, lifetime.ApplicationStopping)));

    private async Task FollowAsync(string service, CancellationToken stopping)
    {
        var pause = MinPause;
        bool? isFollowed = null;
        while (true)
        {
            string reason;
            try
            {
                await foreach (var replicas in ReadAsync(service, stopping))
                {
                    pause = MinPause;
                    if (addresses.Follow(service, replicas) || isFollowed != true)
                        logger.LogInformation("Replicas of {Service}: {Replicas}; its requests go to {Addresses}", service, replicas.Length, string.Join(", ", addresses.Of(service)));
                    isFollowed = true;
                }
                reason = "the answer ended";
            }
            catch (Exception exception) when (exception is HttpRequestException or IOException or InvalidDataException)
            {
                reason = exception.Message;
            }
            catch (OperationCanceledException) when (!stopping.IsCancellationRequested)
            {
                reason = $"nothing came for {MaxSilence.TotalSeconds} s";
            }

            if (isFollowed != false)
                logger.LogWarning("The replicas of {Service} cannot be followed at {Address} now, those last known stay: {Reason}", service, control, reason);
            isFollowed = false;
            await Task.Delay(pause, time, stopping);
            pause = pause * 2 < MaxPause ? pause * 2 : MaxPause;
        }
    }

    private async IAsyncEnumerable<string[]> ReadAsync(string service, [EnumeratorCancellation] CancellationToken stopping)
    {
        using var silence = new CancellationTokenSource(MaxSilence, time);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(silence.Token, stopping);
        using var client = clients.CreateClient(ClientName);
        using var response = await client.GetAsync(new Uri(control, $"/api/resources/{service}/addresses?endpoint=http"), HttpCompletionOption.ResponseHeadersRead, end.Token);
        response.EnsureSuccessStatusCode();
        if (response.Content.Headers.ContentType?.MediaType != MediaTypeNames.Text.EventStream)
            throw new InvalidDataException($"it answers with {response.Content.Headers.ContentType?.MediaType ?? "no content type"}, not with events");
        await using var body = await response.Content.ReadAsStreamAsync(end.Token);
        await foreach (var replicas in ReplicaEvents.ReadAsync(body, () => silence.CancelAfter(MaxSilence), end.Token))
            yield return replicas;
    }
}
