using System.Buffers.Binary;
using System.Net.Security;
using System.Text;
using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace LocalHosting.Infrastructure;

/// <summary>Healthy when the server answers a startup message by asking for a password (protocol 3.0, "Message Flow: Start-up").</summary>
internal sealed class PostgresCheck(PostgresServerResource server) : ServerCheck
{
    private const int ProtocolVersion = 3 << 16;
    private const int TlsRequest = (1234 << 16) + 5679;

    protected override async Task<HealthCheckResult> ProbeAsync(CancellationToken cancellationToken)
    {
        var (host, user) = (server.PrimaryEndpoint.Host, server.External()?.UserName ?? "postgres");
        await using var connection = await ServerStream.ConnectAsync(host, server.PrimaryEndpoint.Port, cancellationToken);
        await using var secure = server.External() is null ? null : await TlsAsync(connection, host, cancellationToken);
        var stream = secure ?? connection;
        await stream.WriteAsync(Message(ProtocolVersion, $"user\0{user}\0database\0postgres\0\0"), cancellationToken);
        var answer = new byte[1024];
        var length = await stream.ReadAtLeastAsync(answer, 1, throwOnEndOfStream: false, cancellationToken);
        if (length > 0 && answer[0] == (byte)'R')
            return HealthCheckResult.Healthy();
        return HealthCheckResult.Unhealthy(length > 0 ? ErrorMessage(answer.AsSpan(0, length)) : "connection closed");
    }

    /// <summary>What drivers do first: ask for TLS, and go on without it if the server has none.</summary>
    private static async Task<SslStream?> TlsAsync(Stream stream, string host, CancellationToken cancellationToken)
    {
        await stream.WriteAsync(Message(TlsRequest, ""), cancellationToken);
        var answer = new byte[1];
        await stream.ReadExactlyAsync(answer, cancellationToken);
        if (answer[0] != (byte)'S')
            return null;
#pragma warning disable CA5359 // the probe sends no secret and believes nothing; whom to trust is the driver's affair
        var secure = new SslStream(stream, leaveInnerStreamOpen: true, (_, _, _, _) => true);
#pragma warning restore CA5359
        await secure.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = host }, cancellationToken);
        return secure;
    }

    private static byte[] Message(int code, string text)
    {
        var content = Encoding.UTF8.GetBytes(text);
        var message = new byte[8 + content.Length];
        BinaryPrimitives.WriteInt32BigEndian(message, message.Length);
        BinaryPrimitives.WriteInt32BigEndian(message.AsSpan(4), code);
        content.CopyTo(message, 8);
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
