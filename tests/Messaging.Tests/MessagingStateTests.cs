using System.Net.Http.Json;
using PhotoPlatform.Messaging.Outbox;
using PhotoPlatform.Messaging.Watching;
using PhotoPlatform.Testing;

namespace PhotoPlatform.Messaging.Tests;

public sealed class MessagingStateTests(OrdersFixture orders) : IClassFixture<OrdersFixture>
{
    [Fact]
    public async Task The_numbers_tell_of_what_is_in_the_outbox()
    {
        Assert.Equal([new OutboxState(Orders.Name, 0, 0, 0, 0, null)], (await StateAsync()).Outboxes);

        // Two could not be sent and wait, long after the test, for another try; one was given up; one is for later.
        await InsertAsync(Guid.CreateVersion7(TimeProvider.System.GetUtcNow().AddSeconds(-90)), "now() + interval '1 hour', 'No queue.'");
        await InsertAsync(Guid.CreateVersion7(), "now() + interval '1 hour', 'No queue.'");
        await InsertAsync(Guid.CreateVersion7(TimeProvider.System.GetUtcNow().AddDays(-1)), "'infinity', 'No queue.'");
        await InsertAsync(Guid.CreateVersion7(), "now() + interval '1 hour', NULL");
        var outbox = (await StateAsync()).Outboxes.Single();

        Assert.Equal((0, 2, 1, 1), (outbox.Pending, outbox.Parked, outbox.Dead, outbox.Scheduled));
        Assert.InRange(outbox.OldestPendingSeconds!.Value, 90, 150);
    }

    [Fact]
    public async Task The_numbers_tell_of_each_queue_and_what_the_process_took_from_it()
    {
        var order = Guid.NewGuid();
        (await orders.Client.PostAsync($"/orders/{order}", null)).EnsureSuccessStatusCode();
        await orders.Work.DoneAsync(order);
        var state = await Eventually.GetAsync(StateAsync, state => state.Queues.Any(queue => queue is { Queue: Orders.Queue, Taken: 1, AtWork: 0 }));

        Assert.Equal([new QueueReading(Orders.Queue, 0, 1, 1, 0), new QueueReading("orders-order-accepted", 0, 1, 0, 0), new QueueReading(Orders.Cancellations, 0, 1, 0, 0)], state.Queues);
    }

    private async Task<MessagingState> StateAsync() => (await orders.Client.GetFromJsonAsync<MessagingState>("/internal/messaging"))!;

    private async Task InsertAsync(Guid id, string deliverAtAndError) => await orders.Environment.QueryAsync<int>(
        Orders.Name, $"INSERT INTO outbox (id, exchange, routing_key, body, deliver_at, last_error) VALUES ($1, '', 'nowhere', '', {deliverAtAndError}) RETURNING 1", id);
}
