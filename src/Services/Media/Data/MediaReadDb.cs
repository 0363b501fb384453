using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace PhotoPlatform.Media.Data;

/// <summary>
/// What endpoints that only read ask, over the connection <c>media-read</c>, or <c>media</c> where that is not configured. Photos that are being deleted are not in it.
/// Both names lead to one server now. Before <c>media-read</c> may lead to a standby, an owner's own view right after a change must still go to the primary, or wait
/// until the standby has replayed that change (its LSN, kept in the session), and a changed visibility must reach delivery at once, which asks here too.
/// </summary>
internal sealed class MediaReadDb(DbContextOptions<MediaDb> options) : IAsyncDisposable
{
    private readonly MediaDb _db = new(options);

    internal IQueryable<Photo> Photos => _db.Photos.Where(photo => photo.DeletionId == null);

    internal IQueryable<Owner> Owners => _db.Owners;

    public ValueTask DisposeAsync() => _db.DisposeAsync();
}

internal static class MediaReadDbExtensions
{
    private const string Name = "media-read";

    /// <summary>Adds <see cref="MediaReadDb"/>, with a pool of its own only where it has an address of its own.</summary>
    internal static void AddReads(this WebApplicationBuilder builder)
    {
        if (builder.Configuration.GetConnectionString(Name) is { Length: > 0 } address)
        {
            builder.Services.AddKeyedSingleton(Name, (_, _) => new NpgsqlDataSourceBuilder(address)
            {
                ConnectionStringBuilder = { ApplicationName = Name, MaxPoolSize = 20, Timeout = 5, CommandTimeout = 10, CancellationTimeout = 2000, KeepAlive = 30 },
            }.Build());
        }
        else
        {
            builder.Services.AddKeyedSingleton(Name, (services, _) => services.GetRequiredKeyedService<NpgsqlDataSource>("media"));
        }
        builder.Services.AddKeyedSingleton(Name, (services, _) => new DbContextOptionsBuilder<MediaDb>()
            .UseNpgsql(services.GetRequiredKeyedService<NpgsqlDataSource>(Name)).UseLoggerFactory(services.GetRequiredService<ILoggerFactory>())
            .UseQueryTrackingBehavior(QueryTrackingBehavior.NoTracking).Options);
        builder.Services.AddScoped(services => new MediaReadDb(services.GetRequiredKeyedService<DbContextOptions<MediaDb>>(Name)));
    }
}
