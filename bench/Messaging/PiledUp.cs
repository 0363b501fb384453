using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using PhotoPlatform.Messaging.Outbox;

namespace PhotoPlatform.Messaging.Bench;

/// <summary>An outbox full of messages that nobody sends yet, saved as a service saves them.</summary>
internal static class PiledUp
{
    private const int Writers = 4;
    private const int PerSave = 500;

    internal static async Task FillAsync(Servers servers, int rows, CancellationToken cancellationToken)
    {
        await servers.CleanAsync(cancellationToken);
        // Never started, so it has no relay; and it is the one that would take the database, and so have it closed in the end.
        await using var service = Services.Create(servers.Settings, Services.PublishWithOutbox, new Tally(0));
        service.Services.GetRequiredKeyedService<NpgsqlDataSource>(Services.Publisher);
        var next = -PerSave;
        await Task.WhenAll(Enumerable.Range(0, Writers).Select(_ => Task.Run(WriteAsync, cancellationToken)));
        await servers.ExecuteAsync(Services.Publisher, "VACUUM ANALYZE outbox", cancellationToken);
        await servers.ExecuteAsync(Services.Publisher, "CHECKPOINT", cancellationToken);

        async Task WriteAsync()
        {
            while (Interlocked.Add(ref next, PerSave) is var first && first < rows)
            {
                await using var scope = service.Services.CreateAsyncScope();
                var outbox = scope.ServiceProvider.GetRequiredService<Outbox<BenchDb>>();
                for (var number = first; number < Math.Min(first + PerSave, rows); number++)
                    outbox.Publish(BenchMessage.Of(number));
                await scope.ServiceProvider.GetRequiredService<BenchDb>().SaveChangesAsync(cancellationToken);
            }
        }
    }
}
