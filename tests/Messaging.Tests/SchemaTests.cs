using Npgsql;
using PhotoPlatform.Testing;

namespace PhotoPlatform.Messaging.Tests;

public sealed class SchemaTests : IAsyncLifetime
{
    private TestEnvironment _environment = null!;

    public async ValueTask InitializeAsync() => _environment = await TestEnvironment.CreateAsync(Orders.Name);

    public ValueTask DisposeAsync() => _environment.DisposeAsync();

    [Fact]
    public async Task Partitions_are_made_two_days_ahead_and_dropped_whole_after_a_week()
    {
        var first = new DateOnly(2026, 2, 20);
        await using var connection = new NpgsqlConnection(_environment.Database(Orders.Name) + ";Pooling=false");
        await connection.OpenAsync();
        await MessagingSchema.CreateAsync(connection, first, CancellationToken.None);
        Assert.Equal(Days(first), await PartitionsAsync());

        // Some days without a running process, and over the end of a month.
        var later = first.AddDays(12);
        await MessagingSchema.PreparePartitionsAsync(connection, later, CancellationToken.None);
        await MessagingSchema.PreparePartitionsAsync(connection, later, CancellationToken.None);
        Assert.Equal(Days(later), await PartitionsAsync());
    }

    [Theory]
    [InlineData(-8, false)]
    [InlineData(-7, true)]
    [InlineData(0, true)]
    [InlineData(2, true)]
    [InlineData(3, false)]
    public void An_inbox_remembers_the_days_that_have_a_partition(int days, bool remembers)
    {
        var today = new DateOnly(2026, 3, 1);
        Assert.Equal(remembers, MessagingSchema.Remembers(today.AddDays(days), today));
    }

    [Fact]
    public async Task Two_processes_that_migrate_and_declare_at_once_both_succeed_and_start()
    {
        var services = await Task.WhenAll(Enumerable.Range(0, 2).Select(_ => Orders.StartAsync(_environment, new Work())));
        try
        {
            Assert.Equal(["1_Initial"], await _environment.QueryAsync<string>(Orders.Name, """SELECT "MigrationId" FROM "__EFMigrationsHistory" """));
            Assert.Equal(10, (await PartitionsAsync()).Count);
        }
        finally
        {
            foreach (var service in services)
                await service.DisposeAsync();
        }
    }

    private static IEnumerable<string> Days(DateOnly today) => Enumerable.Range(-7, 10).Select(offset => $"inbox_{today.AddDays(offset):yyyyMMdd}");

    private Task<List<string>> PartitionsAsync() =>
        _environment.QueryAsync<string>(Orders.Name, "SELECT relid::regclass::text FROM pg_partition_tree('inbox') WHERE isleaf ORDER BY 1");
}
