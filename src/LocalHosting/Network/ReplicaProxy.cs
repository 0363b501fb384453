using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;

namespace LocalHosting.Network;

/// <summary>
/// The one address of an endpoint that replicas serve: each TCP connection goes to the next of them in turn. A replica that refuses is passed over
/// (it is admitted when its process runs, which is before it listens); while none can be reached, connections are parked.
/// </summary>
internal sealed class ReplicaProxy(EndpointReference endpoint, TimeProvider time) : IAsyncDisposable
{
    /// <summary>More connections than these are refused while no replica can be reached. What a parked client sends stays unread, in the system's buffers.</summary>
    public const int MostParked = 20;

    private static readonly TimeSpan ConnectLimit = TimeSpan.FromSeconds(5);

    // Whoever waits longer has given up, and would keep its place from others.
    private static readonly TimeSpan ParkLimit = TimeSpan.FromSeconds(60);

    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(250);

    private readonly CancellationTokenSource _end = new();
    private readonly ConcurrentDictionary<Task, bool> _connections = [];
    private readonly List<Socket> _listeners = [];
    private readonly List<Task> _accepting = [];
    private int _parked;

    public EndpointReference Endpoint => endpoint;

    public ReplicaRotation Rotation { get; } = new();

    /// <exception cref="DistributedApplicationException">The port is taken.</exception>
    public void Listen()
    {
        foreach (var address in ListenAddresses(endpoint.EndpointAnnotation.TargetHost))
        {
            var listener = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            _listeners.Add(listener);
            try
            {
                listener.Bind(new IPEndPoint(address, endpoint.Port));
                listener.Listen();
            }
            catch (SocketException exception)
            {
                throw new DistributedApplicationException(EndpointAllocator.TakenPort(endpoint.Resource.Name, endpoint.EndpointName, endpoint.Port), exception);
            }
        }
        _accepting.AddRange(_listeners.Select(AcceptAsync));
    }

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        foreach (var listener in _listeners)
            listener.Dispose();
        await Task.WhenAll(_accepting);
        await Task.WhenAll(_connections.Keys);
        _end.Dispose();
    }

    /// <summary>Where replicas of a program that binds to the host can be reached from this machine.</summary>
    public static IPAddress ReplicaAddress(string targetHost) =>
        IPAddress.TryParse(targetHost, out var address) && !address.Equals(IPAddress.Any) && !address.Equals(IPAddress.IPv6Any) ? address : IPAddress.Loopback;

    private static IEnumerable<IPAddress> ListenAddresses(string targetHost)
    {
        IPAddress[] addresses = targetHost == "localhost" ? [IPAddress.Loopback, IPAddress.IPv6Loopback]
            : IPAddress.TryParse(targetHost, out var one) ? [one]
            : [IPAddress.Any, IPAddress.IPv6Any];
        return addresses.Where(address => address.AddressFamily == AddressFamily.InterNetwork || PortProbe.HasIPv6Loopback);
    }

    private async Task AcceptAsync(Socket listener)
    {
        while (true)
        {
            try
            {
                var client = await listener.AcceptAsync(_end.Token);
                var serving = Task.Run(() => ServeAsync(client));
                _connections[serving] = true;
                _ = serving.ContinueWith(_ => _connections.TryRemove(serving, out bool _), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            }
            catch (Exception exception) when (exception is OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
            catch (SocketException)
            {
                // The client has left meanwhile, or this process has no more file descriptors.
                await Task.Delay(LongestPause, time, _end.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async Task ServeAsync(Socket client)
    {
        ReplicaRotation.Claim? claim = null;
        try
        {
            // In HTTP the client speaks first. Until then it has no replica: one that is told to stop closes what is idle, and would so refuse a first request.
            if (endpoint.IsHttp || endpoint.IsHttps)
            {
                await client.ReceiveAsync(Memory<byte>.Empty, SocketFlags.None, _end.Token);
                if (client.Available == 0)
                    return;
            }
            (claim, var replica) = await ReachAsync();
            if (replica is null)
            {
                SocketRelay.Reset(client);
                return;
            }
            using (replica)
            {
                client.NoDelay = replica.NoDelay = true;
                await SocketRelay.RunAsync(client, replica, claim!.Settle, _end.Token);
            }
        }
        catch (Exception exception) when (exception is SocketException or OperationCanceledException)
        {
            // The client has left, or the application stops.
        }
        finally
        {
            claim?.Settle();
            client.Dispose();
        }
    }

    /// <summary>A connection to a replica, sooner or later; none when too many wait for one, or this one has waited too long.</summary>
    private async Task<(ReplicaRotation.Claim? Claim, Socket? Replica)> ReachAsync()
    {
        // Taken before asking, so that no change is missed.
        var changed = Rotation.Changed;
        var reached = await AskEachAsync();
        return reached.Replica is null ? await ParkAsync(changed) : reached;
    }

    private async Task<(ReplicaRotation.Claim? Claim, Socket? Replica)> ParkAsync(Task changed)
    {
        using var patience = new CancellationTokenSource(ParkLimit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, _end.Token);
        try
        {
            if (Interlocked.Increment(ref _parked) > MostParked)
                return (null, null);
            var pause = FirstPause;
            while (true)
            {
                if (Rotation.IsEmpty)
                {
                    await changed.WaitAsync(either.Token);
                }
                else
                {
                    // They run and do not listen yet, of which there is no sign.
                    await Task.WhenAny(changed, Task.Delay(pause, time, either.Token));
                    pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
                }
                either.Token.ThrowIfCancellationRequested();
                changed = Rotation.Changed;
                if (await AskEachAsync() is { Replica: not null } reached)
                    return reached;
            }
        }
        catch (OperationCanceledException) when (patience.IsCancellationRequested && !_end.IsCancellationRequested)
        {
            return (null, null);
        }
        finally
        {
            Interlocked.Decrement(ref _parked);
        }
    }

    private async Task<(ReplicaRotation.Claim? Claim, Socket? Replica)> AskEachAsync()
    {
        var turn = Rotation.NextTurn();
        for (var attempt = 0; Rotation.Ask(turn, attempt) is { } claim; attempt++)
        {
            var replica = new Socket(claim.Address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            using var limit = new CancellationTokenSource(ConnectLimit, time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, _end.Token);
            try
            {
                await replica.ConnectAsync(claim.Address, either.Token);
                return (claim, replica);
            }
            catch (Exception exception) when (exception is SocketException or OperationCanceledException)
            {
                claim.Settle();
                replica.Dispose();
            }
        }
        return (null, null);
    }
}
