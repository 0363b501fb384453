using System.Net.Security;
using System.Net.Sockets;
using Aspire.Hosting.ApplicationModel;

namespace LocalHosting.Infrastructure;

/// <summary>Opens connections for probes.</summary>
internal static class ServerStream
{
    public static async Task<Stream> ConnectAsync(string host, int port, CancellationToken cancellationToken)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(host, port, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>With TLS if the server is external and its connection string says so.</summary>
    public static async Task<Stream> ConnectAsync(EndpointReference endpoint, CancellationToken cancellationToken)
    {
        var stream = await ConnectAsync(endpoint.Host, endpoint.Port, cancellationToken);
        if (endpoint.Resource.External() is not { IsTls: true })
            return stream;
        var secure = new SslStream(stream);
        try
        {
            await secure.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = endpoint.Host }, cancellationToken);
            return secure;
        }
        catch
        {
            await secure.DisposeAsync();
            throw;
        }
    }
}
