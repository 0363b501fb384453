using System.Globalization;
using System.Text;
using Aspire.Hosting.ApplicationModel;
using LocalHosting.Processes;

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
