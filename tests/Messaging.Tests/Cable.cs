using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace PhotoPlatform.Messaging.Tests;

/// <summary>The way between a service and the broker: a proxy that can be cut, or held so that nothing arrives and nothing says so.</summary>
internal sealed class Cable : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly ConcurrentDictionary<Socket, byte> _sockets = new();
    private readonly Uri _broker;
    private readonly Task _accepting;
    private TaskCompletionSource _flowing = NewSignal();

    internal Cable(string broker)
    {
        _broker = new Uri(broker);
        _flowing.SetResult();
        _listener.Start();
        Address = new UriBuilder(_broker) { Host = "127.0.0.1", Port = ((IPEndPoint)_listener.LocalEndpoint).Port }.Uri.ToString();
        _accepting = AcceptAsync();
    }

    /// <summary>Where the service finds the broker.</summary>
    internal string Address { get; }

    /// <summary>How many connections there were in all.</summary>
    internal int Connections { get; private set; }

    /// <summary>Ends every connection at once. New ones can be made.</summary>
    internal void Cut()
    {
        foreach (var socket in _sockets.Keys)
            socket.Close(0);
    }

    /// <summary>Keeps every connection open and passes nothing on, in neither direction, until <see cref="Release"/>.</summary>
    internal void Hold() => _flowing = NewSignal();

    internal void Release() => _flowing.TrySetResult();

    public async ValueTask DisposeAsync()
    {
        _listener.Stop();
        Cut();
        Release();
        await _accepting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task AcceptAsync()
    {
        while (true)
        {
            var inside = await _listener.AcceptSocketAsync();
            Connections++;
            _ = ServeAsync(inside);
        }
    }

    private async Task ServeAsync(Socket inside)
    {
        var outside = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        inside.NoDelay = true;
        (_sockets[inside], _sockets[outside]) = (0, 0);
        try
        {
            await outside.ConnectAsync(_broker.Host, _broker.Port);
            await Task.WhenAny(PassAsync(inside, outside), PassAsync(outside, inside));
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // Cut while it was being made.
        }
        foreach (var socket in (Socket[])[inside, outside])
        {
            _sockets.TryRemove(socket, out _);
            socket.Close(0);
        }
    }

    private async Task PassAsync(Socket from, Socket to)
    {
        var buffer = new byte[64 * 1024];
        try
        {
            while (await from.ReceiveAsync(buffer) is var count and > 0)
            {
                await _flowing.Task;
                await to.SendAsync(buffer.AsMemory(0, count));
            }
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // Cut, or ended by either side.
        }
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
