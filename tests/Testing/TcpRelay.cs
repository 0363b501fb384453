using System.Net;
using System.Net.Sockets;

namespace PhotoPlatform.Testing;

/// <summary>Stands between a service and a server. It can be cut, and then nobody answers on its port; or held, and then nothing arrives and nothing says so.</summary>
public sealed class TcpRelay : IAsyncDisposable
{
    private readonly string _host;
    private readonly int _port;
    private CancellationTokenSource _cut = new();
    private TaskCompletionSource _flowing = new();
    private TcpListener _listener = new(IPAddress.Loopback, 0);

    /// <summary>Relays to this server.</summary>
    public TcpRelay(string host, int port)
    {
        (_host, _port) = (host, port);
        Release();
        Start();
        Port = ((IPEndPoint)_listener.LocalEndpoint).Port;
    }

    /// <summary>The way to an environment's broker.</summary>
    public static TcpRelay ToBroker(TestEnvironment environment)
    {
        var bus = new Uri(environment.Bus);
        return new TcpRelay(bus.Host, bus.Port);
    }

    /// <summary>Where it listens, on 127.0.0.1.</summary>
    public int Port { get; }

    /// <summary>The setting with which a service takes this way to its broker.</summary>
    public Dictionary<string, string?> BrokerSettings(TestEnvironment environment) =>
        new() { ["ConnectionStrings:bus"] = new UriBuilder(environment.Bus) { Host = "127.0.0.1", Port = Port }.Uri.ToString() };

    /// <summary>Ends every connection and takes no more.</summary>
    public async Task CutAsync()
    {
        await _cut.CancelAsync();
        _listener.Server.Close();
    }

    /// <summary>Takes connections again, on the same port.</summary>
    public void Restore()
    {
        _cut.Dispose();
        _cut = new CancellationTokenSource();
        _listener = new TcpListener(IPAddress.Loopback, Port);
        Start();
    }

    /// <summary>Keeps every connection and passes nothing on, in neither direction.</summary>
    public void Hold() => _flowing = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Passes on what was held.</summary>
    public void Release() => _flowing.TrySetResult();

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await CutAsync();
        _cut.Dispose();
        _listener.Dispose();
    }

    private void Start()
    {
        _listener.Start();
        _ = AcceptAsync(_listener, _cut.Token);
    }

    private async Task AcceptAsync(TcpListener listener, CancellationToken cut)
    {
        try
        {
            while (true)
                _ = RelayAsync(await listener.AcceptTcpClientAsync(cut), cut);
        }
        catch (Exception exception) when (exception is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // It was cut.
        }
    }

    private async Task RelayAsync(TcpClient client, CancellationToken cut)
    {
        using (client)
        using (var server = new TcpClient())
        {
            try
            {
                await server.ConnectAsync(_host, _port, cut);
                await Task.WhenAny(
                    PassAsync(client.GetStream(), server.GetStream(), cut),
                    PassAsync(server.GetStream(), client.GetStream(), cut));
            }
            catch (Exception exception) when (exception is OperationCanceledException or SocketException or IOException)
            {
                // One of the two has gone, and takes the other along.
            }
        }
    }

    private async Task PassAsync(NetworkStream from, NetworkStream to, CancellationToken cut)
    {
        var buffer = new byte[64 * 1024];
        while (await from.ReadAsync(buffer, cut) is var count and > 0)
        {
            await _flowing.Task.WaitAsync(cut);
            await to.WriteAsync(buffer.AsMemory(0, count), cut);
        }
    }
}
