using System.Net;
using MassTransit;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using PhotoPlatform.Messaging.Outbox;
using PhotoPlatform.Testing;

namespace PhotoPlatform.Messaging.Tests;

public sealed class OutboxTests(OrdersFixture orders) : IClassFixture<OrdersFixture>
{
    [Fact]
    public async Task Publishing_after_the_last_save_of_a_request_answers_500_and_says_what_to_do()
    {
        var answer = await orders.Client.PostAsync($"/orders/{Guid.NewGuid()}/published-late", null);

        Assert.Equal(HttpStatusCode.InternalServerError, answer.StatusCode);
        Assert.Contains(orders.Service.Logs.All, SaysWhatToDo);
    }

    [Fact]
    public async Task Publishing_without_a_save_breaks_an_answer_that_has_begun()
    {
        var exception = await Assert.ThrowsAnyAsync<Exception>(() => orders.Client.PostAsync($"/orders/{Guid.NewGuid()}/published-late-with-answer", null));

        Assert.True(exception is HttpRequestException or IOException, exception.ToString());
        Assert.Contains(orders.Service.Logs.All, SaysWhatToDo);
    }

    [Fact]
    public async Task A_request_that_is_refused_may_drop_what_it_published()
    {
        var order = Guid.NewGuid();
        var answer = await orders.Client.PostAsync($"/orders/{order}/refused", null);
        await DeliverAnotherAsync();

        Assert.Equal(HttpStatusCode.Conflict, answer.StatusCode);
        Assert.Contains("Sold out.", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal(0, orders.Work.Tries(order));
    }

    [Fact]
    public async Task A_save_that_fails_answers_with_problem_details()
    {
        var answer = await orders.Client.PostAsync($"/orders/{Guid.NewGuid()}/not-saved", null);

        Assert.Equal(HttpStatusCode.InternalServerError, answer.StatusCode);
        Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
    }

    [Fact]
    public async Task Publishing_after_the_last_save_of_a_transaction_commits_nothing_and_says_what_to_do()
    {
        var order = Guid.NewGuid();
        orders.Work.On(order, delivery =>
        {
            delivery.Outbox.Publish(new OrderAccepted(order));
            return Task.CompletedTask;
        });
        await orders.SaveAsync(outbox => outbox.Publish(new OrderPlaced(order)));
        await orders.Environment.WaitForMessageAsync($"{Orders.Queue}.retry-10s", order);

        Assert.Empty(await orders.EffectsAsync(order));
        Assert.Contains(orders.Service.Logs.All, line => line.Message.Contains("tried again", StringComparison.Ordinal) && line.Message.Contains("SaveChangesAsync", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Publishing_after_the_save_of_a_consumer_makes_a_dead_letter_that_says_what_to_do()
    {
        var order = Guid.NewGuid();
        orders.Work.Afterwards(order, delivery =>
        {
            delivery.Outbox.Publish(new OrderAccepted(order));
            return Task.CompletedTask;
        });
        await orders.Service.SendAsync(Orders.Cancellations, MessageId.New(TimeProvider.System), new OrderCancelled(order));
        var dead = await orders.Environment.WaitForMessageAsync($"{Orders.Cancellations}.dead", order);

        Assert.Equal("published-late", dead.Properties.Header("failure-reason"));
        Assert.Contains("call SaveChangesAsync after the last Publish", dead.Properties.Header("failure-exception"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Publishing_and_not_saving_outside_requests_and_consumers_is_an_error_in_the_log()
    {
        var before = Errors();
        await using (var scope = orders.Service.Services.CreateAsyncScope())
            scope.ServiceProvider.GetRequiredService<Outbox<OrdersDb>>().Publish(new OrderAccepted(Guid.NewGuid()));

        Assert.Equal(before + 1, Errors());

        int Errors() => orders.Service.Logs.All.Count(line => line.Level == LogLevel.Error && line.Message.Contains("published but never saved", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Publishing_where_there_is_no_transaction_is_an_error_that_says_what_to_do()
    {
        await using var scope = orders.Service.Services.CreateAsyncScope();
        var (db, outbox) = (scope.ServiceProvider.GetRequiredService<OrdersDb>(), scope.ServiceProvider.GetRequiredService<Outbox<OrdersDb>>());
        db.Database.AutoTransactionBehavior = AutoTransactionBehavior.Never;
        var error = Assert.Throws<InvalidOperationException>(() => outbox.Publish(new OrderPlaced(Guid.NewGuid())));

        Assert.Contains("call Database.BeginTransactionAsync before", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Publishing_with_the_bus_itself_is_an_error_that_says_what_to_do()
    {
        var bus = orders.Service.Services.GetRequiredService<IBus>();
        var published = await Assert.ThrowsAsync<InvalidOperationException>(() => bus.Publish(new OrderPlaced(Guid.NewGuid())));
        var sent = await Assert.ThrowsAsync<InvalidOperationException>(async () => await (await bus.GetSendEndpoint(new Uri($"queue:{Orders.Queue}"))).Send(new OrderPlaced(Guid.NewGuid())));

        Assert.All([published, sent], error => Assert.Contains("publish with Outbox<TDbContext>", error.Message, StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_relay_is_woken_by_the_commit_of_a_message_and_by_nothing_else()
    {
        using var signal = new RelaySignal();
        var options = new DbContextOptionsBuilder<OrdersDb>().UseNpgsql(orders.Environment.Database(Orders.Name)).AddInterceptors(new RelaySignalInterceptor(signal)).Options;
        await using var db = new OrdersDb(options);
        using var unsaved = new UnsavedMessages(NullLogger<UnsavedMessages>.Instance);
        var outbox = new Outbox<OrdersDb>(db, TimeProvider.System, unsaved);
        Task<bool> WokenAsync() => signal.WaitAsync(TimeSpan.Zero, CancellationToken.None);

        db.Add(new Effect { OrderId = Guid.NewGuid(), What = "saved without a message" });
        await db.SaveChangesAsync();
        Assert.False(await WokenAsync());

        await PublishAsync();
        Assert.True(await WokenAsync());

        await using (var transaction = await db.Database.BeginTransactionAsync())
        {
            await PublishAsync();
            Assert.False(await WokenAsync());
            await transaction.CommitAsync();
            Assert.True(await WokenAsync());
        }

        await using (var transaction = await db.Database.BeginTransactionAsync())
        {
            await PublishAsync();
            await transaction.RollbackAsync();
            Assert.False(await WokenAsync());
        }

        Task PublishAsync()
        {
            outbox.Publish(new OrderAccepted(Guid.NewGuid()));
            return db.SaveChangesAsync();
        }
    }

    private async Task DeliverAnotherAsync()
    {
        var order = Guid.NewGuid();
        await orders.SaveAsync(outbox => outbox.Publish(new OrderPlaced(order)));
        await orders.Work.DoneAsync(order);
    }

    private static bool SaysWhatToDo(LogRecord line) => line.Level == LogLevel.Error && line.Exception?.Message.Contains("call SaveChangesAsync after the last Publish", StringComparison.Ordinal) == true;
}
