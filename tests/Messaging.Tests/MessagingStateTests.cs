using System.Net.Http.Json;

namespace PhotoPlatform.Messaging.Tests;

public sealed class MessagingStateTests(OrdersFixture orders) : IClassFixture<OrdersFixture>
{
    [Fact]
    public async Task The_numbers_tell_of_pending_and_parked_messages_and_of_the_queues()
    {
        Assert.Equal(new MessagingState(Orders.Name, 0, null, 0, 0, []), await StateAsync() with { Queues = [] });

        // One waits for its next try, long after the test; another was given up.
        var old = Guid.CreateVersion7(TimeProvider.System.GetUtcNow().AddSeconds(-90));
        await InsertAsync(old, "now() + interval '1 hour', NULL");
        await InsertAsync(Guid.CreateVersion7(), "now() + interval '1 hour', NULL");
        await InsertAsync(Guid.CreateVersion7(), "now(), now()");
        await orders.Environment.QueryAsync<int>(Orders.Name, "INSERT INTO outbox (id, exchange, routing_key, body, deliver_at) VALUES ($1, '', 'nowhere', '', now() + interval '1 hour') RETURNING 1", Guid.CreateVersion7());
        var state = await StateAsync();

        Assert.Equal((2, 1, 1), (state.Pending, state.Parked, state.Scheduled));
        Assert.InRange(state.OldestPendingSeconds!.Value, 90, 150);
        Assert.Equal([Orders.Queue, "orders-order-accepted"], state.Queues);
    }

    private async Task<MessagingState> StateAsync() => (await orders.Client.GetFromJsonAsync<List<MessagingState>>("/internal/messaging"))!.Single();

    private async Task InsertAsync(Guid id, string nextAttemptAndParked) => await orders.Environment.QueryAsync<int>(
        Orders.Name, $"INSERT INTO outbox (id, exchange, routing_key, body, next_attempt_at, parked_at) VALUES ($1, '', 'nowhere', '', {nextAttemptAndParked}) RETURNING 1", id);
}
