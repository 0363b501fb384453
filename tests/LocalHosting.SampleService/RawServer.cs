using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace LocalHosting.SampleService;

/// <summary>
/// Plain TCP. It speaks first ("hello"); what it is sent it counts until the client ends, and then it answers the number of bytes. A first byte "!" makes
/// it reset the connection, "." end it.
/// </summary>
internal sealed class RawServer(int port) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var listener = new TcpListener(IPAddress.Loopback, port);
        listener.Start();
        while (!stoppingToken.IsCancellationRequested)
            _ = TalkAsync(await listener.AcceptSocketAsync(stoppingToken));
    }

    private static async Task TalkAsync(Socket client)
    {
        using (client)
        {
            await client.SendAsync("hello"u8.ToArray());
            var buffer = new byte[100_000];
            var total = 0L;
            while (await client.ReceiveAsync(buffer) is > 0 and var count)
            {
                if (total == 0 && buffer[0] == (byte)'!')
                    client.LingerState = new LingerOption(true, 0);
                if (total == 0 && buffer[0] is (byte)'!' or (byte)'.')
                    return;
                total += count;
            }
            await client.SendAsync(Encoding.UTF8.GetBytes(total.ToString(CultureInfo.InvariantCulture)));
        }
    }
}
