using System.Text;
using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace LocalHosting.Infrastructure;

/// <summary>Healthy when the server answers PING with PONG.</summary>
internal sealed class RedisCheck(RedisResource server) : ServerCheck
{
    protected override async Task<HealthCheckResult> ProbeAsync(CancellationToken cancellationToken)
    {
        await using var stream = await ServerStream.ConnectAsync(server.PrimaryEndpoint, cancellationToken);
        using var reader = new StreamReader(stream);
        if (server.PasswordParameter is { } parameter)
        {
            string[] credentials = [.. server.External()?.UserName is { } user ? [user] : Array.Empty<string>(), await parameter.GetValueAsync(cancellationToken) ?? ""];
            await stream.WriteAsync(Command(["AUTH", .. credentials]), cancellationToken);
            if (await reader.ReadLineAsync(cancellationToken) is var answer && answer != "+OK")
                return HealthCheckResult.Unhealthy(answer ?? "connection closed");
        }
        await stream.WriteAsync(Command("PING"), cancellationToken);
        var pong = await reader.ReadLineAsync(cancellationToken);
        return pong == "+PONG" ? HealthCheckResult.Healthy() : HealthCheckResult.Unhealthy(pong ?? "connection closed");
    }

    // RESP: an array of strings, each with its length in bytes.
    private static byte[] Command(params string[] words) =>
        Encoding.UTF8.GetBytes($"*{words.Length}\r\n" + string.Concat(words.Select(word => $"${Encoding.UTF8.GetByteCount(word)}\r\n{word}\r\n")));
}
