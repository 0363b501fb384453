using System.Net.Sockets;

namespace LocalHosting.Health;

internal static class ProbeErrors
{
    /// <summary>A few words for the person who waits, such as "connection refused".</summary>
    public static string Describe(Exception exception) =>
        Innermost(exception) is SocketException socket
            ? socket.SocketErrorCode switch
            {
                SocketError.ConnectionRefused => "connection refused",
                SocketError.ConnectionReset => "connection reset",
                SocketError.TimedOut => "timed out",
                _ => socket.Message,
            }
            : exception.Message;

    private static Exception Innermost(Exception exception) => exception.InnerException is { } inner ? Innermost(inner) : exception;
}
