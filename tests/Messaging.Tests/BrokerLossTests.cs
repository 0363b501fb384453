using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using PhotoPlatform.Messaging.Outbox;
using PhotoPlatform.Testing;

namespace PhotoPlatform.Messaging.Tests;

/// <summary>A service whose way to the broker fails.</summary>
public sealed class BrokerLossTests : IAsyncLifetime
{
    private readonly Work _work = new();
    private TestEnvironment _environment = null!;
    private Cable _cable = null!;
    private RunningService _service = null!;

    public async ValueTask InitializeAsync()
    {
        _environment = await TestEnvironment.CreateAsync(Orders.Name);
        _cable = new Cable(_environment.Bus);
        _service = await Orders.StartAsync(_environment, _work, new Dictionary<string, string?> { ["ConnectionStrings:bus"] = _cable.Address });
    }

    public async ValueTask DisposeAsync()
    {
        var sw = System.Diagnostics.Stopwatch.StartNew();
        await _service.DisposeAsync();
        Console.WriteLine($"disposed in {sw.ElapsedMilliseconds}");
        await _cable.DisposeAsync();
        await _environment.DisposeAsync();
    }

    [Fact]
    public async Task When_connections_are_cut_in_the_middle_nothing_is_lost_and_nothing_happens_twice()
    {
        var orders = NewOrders(300);
        foreach (var order in orders.Where((_, i) => i is 50 or 150 or 250))
        {
            _work.On(order, _ =>
            {
                if (_work.Tries(order) == 1)
                    _cable.Cut();
                return Task.CompletedTask;
            });
        }
        var sw = System.Diagnostics.Stopwatch.StartNew(); long last = 0;
        foreach (var id in orders) _ = _work.DoneAsync(id).ContinueWith(_ => { lock (sw) { if (sw.ElapsedMilliseconds - last > 300) Console.WriteLine($"{last} gap until {sw.ElapsedMilliseconds}"); last = sw.ElapsedMilliseconds; } });
        foreach (var some in orders.Chunk(20))
            await SaveAsync(some);
        await AssertEachOnceAsync(orders);

        Console.WriteLine($"done in {sw.ElapsedMilliseconds}");
        Assert.True(_cable.Connections >= 2 + (3 * 2), $"There were only {_cable.Connections} connections.");
    }

    [Fact]
    public async Task When_the_broker_falls_silent_publishes_end_and_the_messages_leave_over_a_new_connection()
    {
        var first = NewOrders(1);
        await SaveAsync(first);
        await AssertEachOnceAsync(first);

        _cable.Hold();
        var orders = NewOrders(50);
        await SaveAsync(orders);
        await Eventually.GetAsync(() => Task.FromResult(_service.Logs.All.Any(line => line.Level == LogLevel.Warning && line.Message.Contains("No confirm came within", StringComparison.Ordinal))), said => said);
        _cable.Cut();
        _cable.Release();
        await AssertEachOnceAsync([.. first, .. orders]);
    }

    private async Task AssertEachOnceAsync(Guid[] orders)
    {
        await Task.WhenAll(orders.Select(_work.DoneAsync));
        await Eventually.GetAsync(() => _environment.QueryAsync<int>(Orders.Name, "SELECT count(*)::int FROM outbox"), pending => pending is [0]);
        Assert.Equal(orders.Order(), (await _environment.QueryAsync<Guid>(Orders.Name, "SELECT order_id FROM effects")).Order());
        Assert.Empty(await _environment.PeekAsync($"{Orders.Queue}.dead"));
    }

    private static Guid[] NewOrders(int count) => [.. Enumerable.Range(0, count).Select(_ => Guid.NewGuid())];

    private async Task SaveAsync(Guid[] orders)
    {
        await using var scope = _service.Services.CreateAsyncScope();
        foreach (var order in orders)
            scope.ServiceProvider.GetRequiredService<Outbox<OrdersDb>>().Publish(new OrderPlaced(order));
        await scope.ServiceProvider.GetRequiredService<OrdersDb>().SaveChangesAsync();
    }
}
