using Microsoft.Extensions.DependencyInjection;
using PhotoPlatform.Messaging.Outbox;
using PhotoPlatform.Testing;

namespace PhotoPlatform.Messaging.Tests;

/// <summary>Several processes over one outbox. Each delivery is counted, without an inbox that would hide a second one.</summary>
public sealed class RelayTests : IAsyncLifetime
{
    private readonly Deliveries _deliveries = new();
    private TestEnvironment _environment = null!;
    private RunningService _counter = null!;
    private RunningService _first = null!;

    public async ValueTask InitializeAsync()
    {
        _environment = await TestEnvironment.CreateAsync(Orders.Name);
        _counter = await Deliveries.CountAsync(_environment, _deliveries);
        _first = await Orders.StartAsync(_environment, new Work());
    }

    public async ValueTask DisposeAsync()
    {
        await _first.DisposeAsync();
        await _counter.DisposeAsync();
        await _environment.DisposeAsync();
    }

    [Fact]
    public async Task Two_relays_share_a_table_and_send_each_message_once()
    {
        await using var second = await Orders.StartAsync(_environment, new Work());
        var orders = NewOrders(500);
        var halves = orders.Chunk(250).Zip([_first, second], (half, service) => Task.WhenAll(half.Chunk(50).Select(some => SaveAsync(service, some))));
        await Task.WhenAll(halves);

        await AssertEachOnceAsync(orders);
    }

    [Fact]
    public async Task A_relay_that_stops_in_the_middle_leaves_the_rest_to_another_and_nothing_is_sent_twice()
    {
        var orders = NewOrders(1000);
        await SaveAsync(_first, orders);
        await _deliveries.SeenAsync(orders[0]);
        await _first.DisposeAsync();
        _first = await Orders.StartAsync(_environment, new Work());

        await AssertEachOnceAsync(orders);
    }

    [Fact]
    public async Task A_scheduled_message_leaves_when_its_time_has_come_and_holds_nobody_up()
    {
        Guid[] later = NewOrders(1), now = NewOrders(1);
        await SaveAsync(_first, later, TimeProvider.System.GetUtcNow().AddHours(1));
        await SaveAsync(_first, now);
        await _deliveries.SeenAsync(now[0]);
        Assert.Equal(now, _deliveries.Orders);

        await _environment.QueryAsync<Guid>(Orders.Name, "UPDATE outbox SET deliver_at = now() RETURNING id");
        await AssertEachOnceAsync([.. now, .. later]);
    }

    private async Task AssertEachOnceAsync(Guid[] orders)
    {
        await Task.WhenAll(orders.Select(_deliveries.SeenAsync));
        await Eventually.GetAsync(() => _environment.QueryAsync<int>(Orders.Name, "SELECT count(*)::int FROM outbox"), count => count[0] == 0);
        // What was sent before it is delivered before it.
        Guid[] last = [Guid.NewGuid()];
        await SaveAsync(_first, last);
        await _deliveries.SeenAsync(last[0]);

        Assert.Equal(orders.Concat(last).Order(), _deliveries.Orders.Order());
    }

    private static Guid[] NewOrders(int count) => [.. Enumerable.Range(0, count).Select(_ => Guid.NewGuid())];

    private static async Task SaveAsync(RunningService service, Guid[] orders, DateTimeOffset? deliverAt = null)
    {
        await using var scope = service.Services.CreateAsyncScope();
        foreach (var order in orders)
            scope.ServiceProvider.GetRequiredService<Outbox<OrdersDb>>().Publish(new OrderPlaced(order), deliverAt);
        await scope.ServiceProvider.GetRequiredService<OrdersDb>().SaveChangesAsync();
    }
}
