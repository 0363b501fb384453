using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Aspire.Hosting.ApplicationModel;
using LocalHosting.Health;
using LocalHosting.Network;
using LocalHosting.Processes;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace LocalHosting.Infrastructure;

internal sealed record RedisPersistence(TimeSpan Interval, long KeysChanged) : IResourceAnnotation;

/// <summary>Runs redis-server. Its configuration, which holds the password, goes through standard input: neither a file nor the process list shows it.</summary>
internal sealed class RedisRecipe(RedisResource server) : IProcessRecipe
{
    public bool IsServer => true;

    public async Task<ProcessRequest> PrepareAsync(LaunchContext context, CancellationToken cancellationToken)
    {
        var program = ProgramFinder.Require("redis-server", "redis-server");
        var directory = context.Data.File(server.Name);
        Directory.CreateDirectory(directory);
        var persistence = server.Annotations.OfType<RedisPersistence>().LastOrDefault();
        if (persistence is null)
            File.Delete(Path.Combine(directory, "dump.rdb"));
        var configuration = new StringBuilder()
            .AppendLine(CultureInfo.InvariantCulture, $"port {server.PrimaryEndpoint.Port}")
            .AppendLine("bind 127.0.0.1 -::1")
            .AppendLine(CultureInfo.InvariantCulture, $"dir \"{directory}\"")
            .AppendLine("daemonize no")
            .AppendLine(persistence is null ? "save \"\"" : string.Create(CultureInfo.InvariantCulture, $"save {(long)persistence.Interval.TotalSeconds} {persistence.KeysChanged}"));
        if (server.PasswordParameter is { } password)
            configuration.AppendLine(CultureInfo.InvariantCulture, $"requirepass \"{await password.GetValueAsync(cancellationToken)}\"");
        return new ProcessRequest(program, ["-", .. context.Arguments], directory, context.Environment) { StandardInput = configuration.ToString() };
    }
}

/// <summary>Healthy when the server answers PING with PONG.</summary>
internal sealed class RedisCheck(RedisResource server) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        try
        {
            using var client = new TcpClient();
            await client.ConnectAsync("localhost", server.PrimaryEndpoint.Port, cancellationToken);
            var stream = client.GetStream();
            using var reader = new StreamReader(stream);
            if (server.PasswordParameter is { } parameter)
            {
                var password = await parameter.GetValueAsync(cancellationToken) ?? "";
                var authentication = $"*2\r\n$4\r\nAUTH\r\n${Encoding.UTF8.GetByteCount(password)}\r\n{password}\r\n";
                await stream.WriteAsync(Encoding.UTF8.GetBytes(authentication), cancellationToken);
                if (await reader.ReadLineAsync(cancellationToken) is var answer && answer != "+OK")
                    return HealthCheckResult.Unhealthy(answer ?? "connection closed");
            }
            await stream.WriteAsync("*1\r\n$4\r\nPING\r\n"u8.ToArray(), cancellationToken);
            var pong = await reader.ReadLineAsync(cancellationToken);
            return pong == "+PONG" ? HealthCheckResult.Healthy() : HealthCheckResult.Unhealthy(pong ?? "connection closed");
        }
        catch (Exception exception) when (exception is SocketException or IOException or OperationCanceledException)
        {
            return HealthCheckResult.Unhealthy(ProbeErrors.Describe(exception));
        }
    }
}
