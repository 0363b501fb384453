using System.Net.Http.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using PhotoPlatform.Testing;
using Yarp.ReverseProxy;
using Yarp.ReverseProxy.Model;

namespace PhotoPlatform.Gateway.Tests;

/// <summary>A gateway that follows the replicas that a control address tells; the configured addresses are those of the test class's gateway.</summary>
public sealed class FollowingGateway : IAsyncDisposable
{
    private static readonly Uri Photos = new("/api/photos", UriKind.Relative);

    private FollowingGateway(RunningGateway running, ControlServer control, TestClock clock, RunningService gateway, string? token)
    {
        (Control, Clock, Gateway) = (control, clock, gateway);
        Client = running.Client(token, gateway);
    }

    public ControlServer Control { get; }

    /// <summary>The gateway's.</summary>
    public TestClock Clock { get; }

    public RunningService Gateway { get; }

    public HttpClient Client { get; }

    /// <summary>What it logged about the replicas of a service.</summary>
    public IReadOnlyList<LogRecord> Lines(string service) =>
        [.. Gateway.Logs.All.Where(line => line.Category.EndsWith("ReplicaWatch", StringComparison.Ordinal) && line.Message.Contains(service, StringComparison.Ordinal))];

    public static async Task<FollowingGateway> StartAsync(RunningGateway running, ControlServer control, string? token = null, params (string Name, string? Value)[] settings)
    {
        var clock = new TestClock();
        var gateway = await running.StartAsync(services => services.Replace(ServiceDescriptor.Singleton<TimeProvider>(clock)), [("APPHOST_CONTROL_URL", control.Address), .. settings]);
        return new FollowingGateway(running, control, clock, gateway, token);
    }

    /// <summary>Tells that these are the replicas of Media, and waits until the gateway has it.</summary>
    public Task SetAsync(params string[] addresses)
    {
        Control.Set("media", addresses);
        return KnowsAsync(addresses);
    }

    /// <summary>Waits until the gateway takes these for the addresses of Media.</summary>
    public Task KnowsAsync(params string[] addresses) =>
        Eventually.GetAsync(() => Task.FromResult(Replicas().Select(replica => replica.DestinationId).Order().ToArray()), known => known.SequenceEqual(addresses.Order()));

    /// <summary>What the proxy knows about an address of Media.</summary>
    public DestinationState Replica(string address) => Replicas().Single(replica => replica.DestinationId == address);

    /// <summary>The port of the replica of Media that answers.</summary>
    public async Task<int> PortAsync() => (await Client.GetFromJsonAsync<Echo>(Photos))!.Port;

    /// <summary>An upload's answer.</summary>
    public async Task<Echo> UploadAsync(HttpContent content)
    {
        using var response = await Client.PostAsync(Photos, content);
        response.EnsureSuccessStatusCode();
        return (await response.Content.ReadFromJsonAsync<Echo>())!;
    }

    /// <summary>Puts the clock forward, again and again, until the gateway has asked once more.</summary>
    public async Task AsksAgainAsync(TimeSpan by)
    {
        var asked = Control.Asked;
        await Eventually.GetAsync(() =>
        {
            Clock.Advance(by);
            return Task.FromResult(Control.Asked);
        }, now => now > asked);
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await Gateway.DisposeAsync();
    }

    private IReadOnlyList<DestinationState> Replicas() =>
        Gateway.Services.GetRequiredService<IProxyStateLookup>().TryGetCluster("media", out var media) ? media.DestinationsState.AllDestinations : [];
}
