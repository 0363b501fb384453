using Microsoft.Extensions.DependencyInjection;
using PhotoPlatform.Messaging.Outbox;
using PhotoPlatform.Testing;

namespace PhotoPlatform.Messaging.Tests;

/// <summary>A service whose way to the broker fails.</summary>
public sealed class BrokerLossTests : IAsyncLifetime
{
    private readonly Work _work = new();
    private TestEnvironment _environment = null!;
    private TcpRelay _relay = null!;
    private Dictionary<string, string?> _settings = null!;
    private RunningService _service = null!;

    public async ValueTask InitializeAsync()
    {
        _environment = await TestEnvironment.CreateAsync(Orders.Name);
        _relay = TcpRelay.ToBroker(_environment);
        _settings = _relay.BrokerSettings(_environment);
        _service = await Orders.StartAsync(_environment, _work, _settings);
    }

    public async ValueTask DisposeAsync()
    {
        await _service.DisposeAsync();
        await _relay.DisposeAsync();
        await _environment.DisposeAsync();
    }

    [Fact]
    public async Task When_connections_are_cut_in_the_middle_nothing_is_lost_and_nothing_happens_twice()
    {
        var orders = NewOrders(300);
        foreach (var order in orders.Where((_, i) => i % 60 == 30))
            _work.On(order, _ => _work.Tries(order) == 1 ? CutAsync() : Task.CompletedTask);
        foreach (var some in orders.Chunk(20))
            await SaveAsync(some);
        await AssertEachOnceAsync(orders);
    }

    [Fact]
    public async Task A_worker_that_loses_its_connection_in_the_middle_of_a_job_gets_the_job_again()
    {
        await using var worker = await Shipping.StartAsync(_environment, _work, _settings);
        var order = Guid.NewGuid();
        var again = new TaskCompletionSource();
        _work.On(order, async delivery =>
        {
            if (_work.Tries(order) == 2)
            {
                again.SetResult();
                return;
            }
            await CutAsync();
            await Task.Delay(Timeout.Infinite, delivery.Cancelled).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        });
        await worker.SendAsync(Shipping.Queue, MessageId.New(TimeProvider.System), new ShipOrder(order));
        await again.Task.WaitAsync(TimeSpan.FromSeconds(30));
    }

    [Fact]
    public async Task When_the_broker_falls_silent_publishes_end_and_the_messages_leave_over_a_new_connection()
    {
        var first = NewOrders(1);
        await SaveAsync(first);
        await AssertEachOnceAsync(first);

        _relay.Hold();
        var orders = NewOrders(50);
        await SaveAsync(orders);
        await WaitForLogAsync("The relay of orders waits: No confirm came within");
        await CutAsync();
        _relay.Release();
        await AssertEachOnceAsync([.. first, .. orders]);
    }

    [Fact]
    public async Task While_confirms_are_late_no_transaction_is_open_and_nothing_is_sent_twice()
    {
        var deliveries = new Deliveries();
        await using var counter = await Deliveries.CountAsync(_environment, deliveries);
        await using var second = await Orders.StartAsync(_environment, _work);
        var first = NewOrders(1);
        await SaveAsync(first);
        await AssertEachOnceAsync(first);

        _relay.Hold();
        var orders = NewOrders(30);
        await SaveAsync(orders);
        await Eventually.GetAsync(() => _environment.QueryAsync<int>(Orders.Name, "SELECT count(*)::int FROM outbox WHERE last_error = 'Sent, and not confirmed yet.'"), held => held is [30]);
        Assert.Equal([0], await _environment.QueryAsync<int>(Orders.Name, "SELECT count(*)::int FROM pg_stat_activity WHERE datname = current_database() AND state = 'idle in transaction' AND state_change < now() - interval '1 s'"));
        _relay.Release();
        await AssertEachOnceAsync([.. first, .. orders]);

        await Task.WhenAll(orders.Select(deliveries.SeenAsync));
        Assert.Equal(first.Concat(orders).Order(), deliveries.Orders.Order());
    }

    [Fact]
    public async Task While_the_broker_is_away_changes_are_saved_and_their_messages_leave_when_it_is_back()
    {
        await _relay.CutAsync();
        var orders = NewOrders(3);
        foreach (var order in orders)
            await SaveAsync([order]);
        await WaitForLogAsync("The relay of orders waits: RabbitMQ at 127.0.0.1");
        _relay.Restore();
        await AssertEachOnceAsync(orders);

        Assert.Single(_service.Logs.All, line => line.Message.StartsWith("The relay of orders waits", StringComparison.Ordinal));
        Assert.Single(_service.Logs.All, line => line.Message == "The relay of orders works again");
    }

    [Fact]
    public async Task A_failed_message_that_cannot_be_moved_goes_back_to_its_queue_and_is_moved_once()
    {
        var order = Guid.NewGuid();
        _work.On(order, async _ =>
        {
            if (_work.Tries(order) == 1)
                await _relay.CutAsync();
            throw new PermanentException("sold-out", "There is none left.");
        });
        await SaveAsync([order]);
        await WaitForLogAsync("T-FAULT");
        _relay.Restore();
        var dead = await _environment.WaitForMessageAsync($"{Orders.Queue}.dead", order);

        Assert.Equal("sold-out", dead.Properties.Header("failure-reason"));
        Assert.Equal(2, _work.Tries(order));
    }

    private Task<bool> WaitForLogAsync(string start) =>
        Eventually.GetAsync(() => Task.FromResult(_service.Logs.All.Any(line => line.Message.StartsWith(start, StringComparison.Ordinal))), said => said);

    private async Task CutAsync()
    {
        await _relay.CutAsync();
        _relay.Restore();
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
