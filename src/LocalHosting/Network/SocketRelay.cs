using System.Buffers;
using System.Net.Sockets;

namespace LocalHosting.Network;

/// <summary>Copies between two connected sockets until both directions have ended.</summary>
internal static class SocketRelay
{
    private const int BufferBytes = 32 * 1024;

    /// <param name="client">Who connected.</param>
    /// <param name="replica">Whom it is connected to.</param>
    /// <param name="onAnswer">Called for what comes from the replica.</param>
    /// <param name="cancellationToken">Resets both connections.</param>
    public static async Task RunAsync(Socket client, Socket replica, Action onAnswer, CancellationToken cancellationToken)
    {
        await using var end = cancellationToken.Register(() =>
        {
            Reset(client);
            Reset(replica);
        });
        await Task.WhenAll(CopyAsync(client, replica, null), CopyAsync(replica, client, onAnswer));
    }

    /// <summary>Closes without a goodbye, so that the other end sees a reset.</summary>
    public static void Reset(Socket socket)
    {
        try
        {
            socket.LingerState = new LingerOption(true, 0);
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // It is closed already.
        }
        socket.Dispose();
    }

    /// <summary>The end of one direction is passed on alone, because the other may go on; a reset is passed on as a reset.</summary>
    private static async Task CopyAsync(Socket from, Socket to, Action? onBytes)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        try
        {
            while (true)
            {
                int count;
                try
                {
                    count = await from.ReceiveAsync(buffer.AsMemory(), SocketFlags.None);
                }
                catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
                {
                    Reset(to);
                    return;
                }
                if (count == 0)
                {
                    to.Shutdown(SocketShutdown.Send);
                    return;
                }
                onBytes?.Invoke();
                for (var sent = 0; sent < count;)
                    sent += await to.SendAsync(buffer.AsMemory(sent, count - sent), SocketFlags.None);
            }
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // The receiver is gone. What it still sent is on its way in the other direction, which then passes on how it ended.
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
