using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text;
using Aspire.Hosting.ApplicationModel;
using LocalHosting.Health;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace LocalHosting.Infrastructure;

/// <summary>Healthy when the server answers a startup message by asking for a password (protocol 3.0, "Message Flow: Start-up").</summary>
internal sealed class PostgresCheck(PostgresServerResource server) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        try
        {
            using var client = new TcpClient();
            await client.ConnectAsync("localhost", server.PrimaryEndpoint.Port, cancellationToken);
            var stream = client.GetStream();
            await stream.WriteAsync(StartupMessage(), cancellationToken);
            var answer = new byte[1024];
            var length = await stream.ReadAtLeastAsync(answer, 1, throwOnEndOfStream: false, cancellationToken);
            if (length > 0 && answer[0] == (byte)'R')
                return HealthCheckResult.Healthy();
            return HealthCheckResult.Unhealthy(length > 0 ? ErrorMessage(answer.AsSpan(0, length)) : "connection closed");
        }
        catch (Exception exception) when (exception is SocketException or IOException or OperationCanceledException)
        {
            return HealthCheckResult.Unhealthy(ProbeErrors.Describe(exception));
        }
    }

    private static byte[] StartupMessage()
    {
        var parameters = Encoding.ASCII.GetBytes("user\0postgres\0database\0postgres\0\0");
        var message = new byte[8 + parameters.Length];
        BinaryPrimitives.WriteInt32BigEndian(message, message.Length);
        BinaryPrimitives.WriteInt32BigEndian(message.AsSpan(4), 3 << 16);
        parameters.CopyTo(message, 8);
        return message;
    }

    // An ErrorResponse is a list of fields, each a letter and a string; M is the message.
    private static string ErrorMessage(ReadOnlySpan<byte> answer)
    {
        foreach (var field in Encoding.UTF8.GetString(answer[Math.Min(5, answer.Length)..]).Split('\0'))
        {
            if (field.StartsWith('M'))
                return field[1..];
        }
        return "unexpected answer";
    }
}
