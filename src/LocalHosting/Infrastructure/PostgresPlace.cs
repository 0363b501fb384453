using Aspire.Hosting;
using LocalHosting.Processes;
using LocalHosting.Running;

namespace LocalHosting.Infrastructure;

/// <summary>Where a server's files are and whose they are. PostgreSQL refuses to run as root, so then it runs as the user <c>postgres</c>.</summary>
internal sealed record PostgresPlace(string Programs, string Cluster, string Socket, string? User)
{
    // The path of a UNIX socket holds at most 107 bytes, and the server adds ".s.PGSQL.NNNNN.lock".
    private const int LongestSocketDirectory = 85;

    public static async Task<PostgresPlace> PrepareAsync(LaunchContext context, string programs, CancellationToken cancellationToken)
    {
        var user = Signals.IsRoot ? "postgres" : null;
        var root = context.Data.File(context.Resource.Name);
        if (!await TryCreateAsync(root, user, cancellationToken))
        {
            root = $"/var/tmp/localhosting-{context.Data.Key}-{context.Resource.Name}";
            context.Log.Lifecycle($"the user postgres cannot reach {context.Data.Path}; the server's data is in {root}");
            if (!await TryCreateAsync(root, user, cancellationToken))
                throw new DistributedApplicationException($"the user postgres can write neither to {context.Data.Path} nor to {root}; choose another data directory with --data DIR.");
        }
        var socket = Path.Combine(root, "socket");
        if (socket.Length > LongestSocketDirectory)
            socket = $"{(Signals.IsRoot ? "/run" : "/tmp")}/localhosting-{context.Data.Key}-{context.Resource.Name}";
        if (!await TryCreateAsync(socket, user, cancellationToken))
            throw new DistributedApplicationException($"the directory {socket} for its socket cannot be written; remove it.");
        return new PostgresPlace(programs, Path.Combine(root, "cluster"), socket, user);
    }

    /// <summary>A directory that only the server's user can enter; false if it cannot be created or reached by that user.</summary>
    private static async Task<bool> TryCreateAsync(string directory, string? user, CancellationToken cancellationToken)
    {
        // In a directory where everybody may write, somebody may have put a link in our way.
        if (new FileInfo(directory).LinkTarget is not null)
            return false;
        var environment = new Dictionary<string, string> { ["PATH"] = "/usr/local/bin:/usr/bin:/bin" };
        var create = new ProcessRequest("mkdir", ["-p", "-m", "700", directory], "/", environment);
        // Nor is a directory taken over that somebody has prepared there.
        if (user is not null && Directory.Exists(directory)
            && (await ShortProcess.RunAsync(create with { Program = "stat", Arguments = ["-c", "%U", directory] }, cancellationToken)).Output is not (["root"] or ["postgres"]))
            return false;
        if ((await ShortProcess.RunAsync(create, cancellationToken)).ExitCode != 0)
            return false;
        if (user is not null && (await ShortProcess.RunAsync(create with { Program = "chown", Arguments = [$"{user}:", directory] }, cancellationToken)).ExitCode != 0)
            return false;
        var test = create with { Program = "sh", Arguments = ["-c", "test -O \"$1\" && test -w \"$1\" && test -x \"$1\"", "sh", directory], RunAs = user };
        return (await ShortProcess.RunAsync(test, cancellationToken)).ExitCode == 0;
    }
}
