using MassTransit;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using PhotoPlatform.Messaging.Consuming;
using PhotoPlatform.Messaging.Outbox;
using PhotoPlatform.Testing;

namespace PhotoPlatform.Messaging.Tests;

/// <summary>An event of the service <c>orders</c>, which takes it itself.</summary>
public sealed record OrderPlaced(Guid OrderId, OrderKind Kind = OrderKind.Paid);

public enum OrderKind
{
    Free,
    Paid,
}

/// <summary>An event that <c>orders</c> publishes because of another, and takes too.</summary>
public sealed record OrderAccepted(Guid OrderId);

/// <summary>An event of others that <c>orders</c> takes.</summary>
public sealed record OrderCancelled(Guid OrderId);

/// <summary>A service with a database: its one table has a row for every effect that something had.</summary>
internal static class Orders
{
    internal const string Name = "orders";

    /// <summary>Where it takes <see cref="OrderPlaced"/>.</summary>
    internal const string Queue = "orders-order-placed";

    /// <summary>Where it takes <see cref="OrderCancelled"/>.</summary>
    internal const string Cancellations = "orders-order-cancelled";

    internal static Task<RunningService> StartAsync(TestEnvironment environment, Work work, Dictionary<string, string?>? settings = null) =>
        RunningService.StartAsync(Name, environment, builder => Add(builder, work), Map, settings);

    private static void Add(WebApplicationBuilder builder, Work work)
    {
        builder.Services.AddSingleton(work);
        builder.AddMessaging<OrdersDb>(Name, messaging => messaging
            .Publishes<OrderPlaced>()
            .Publishes<OrderAccepted>()
            .Subscribe<OrderPlaced, OrderPlacedConsumer>()
            .Subscribe<OrderAccepted, OrderAcceptedConsumer>()
            .Subscribe<OrderCancelled, OrderCancelledConsumer>());
    }

    private static void Map(WebApplication app)
    {
        var orders = app.MapGroup("/orders/{id:guid}");
        orders.MapPost("", async (Guid id, OrdersDb db, Outbox<OrdersDb> outbox, ILogger<OrdersDb> logger) =>
        {
            await PlaceAsync(db, outbox, id);
            logger.LogInformation("Order {OrderId} is placed", id);
            return TypedResults.Accepted((string?)null);
        });
        orders.MapPost("rolled-back", async (Guid id, OrdersDb db, Outbox<OrdersDb> outbox) =>
        {
            await using var transaction = await db.Database.BeginTransactionAsync();
            await PlaceAsync(db, outbox, id);
            await transaction.RollbackAsync();
        });
        orders.MapPost("published-late", async (Guid id, OrdersDb db, Outbox<OrdersDb> outbox) =>
        {
            db.Add(new Effect { OrderId = id, What = "placed" });
            await db.SaveChangesAsync();
            outbox.Publish(new OrderPlaced(id));
        });
        orders.MapPost("published-late-with-answer", (Guid id, Outbox<OrdersDb> outbox) =>
        {
            outbox.Publish(new OrderPlaced(id));
            return new { Done = true };
        });
        orders.MapPost("refused", (Guid id, Outbox<OrdersDb> outbox) =>
        {
            outbox.Publish(new OrderPlaced(id));
            return TypedResults.Problem(statusCode: StatusCodes.Status409Conflict, title: "Sold out.");
        });
        orders.MapPost("not-saved", async (Guid id, OrdersDb db, Outbox<OrdersDb> outbox) =>
        {
            db.Add(new Effect { OrderId = id, What = null! });
            outbox.Publish(new OrderPlaced(id));
            await db.SaveChangesAsync();
        });
        app.MapMessaging();
    }

    internal static async Task PlaceAsync(OrdersDb db, Outbox<OrdersDb> outbox, Guid id)
    {
        db.Add(new Effect { OrderId = id, What = "placed" });
        outbox.Publish(new OrderPlaced(id));
        await db.SaveChangesAsync();
    }
}

/// <summary>In one transaction notes an effect and does what the test wants; says when it is committed.</summary>
internal sealed class OrderPlacedConsumer(OrdersDb db, Outbox<OrdersDb> outbox, AfterCommit afterCommit, Work work) : IConsumer<OrderPlaced>
{
    public async Task Consume(ConsumeContext<OrderPlaced> context)
    {
        var order = context.Message.OrderId;
        await using var transaction = await db.Database.BeginTransactionAsync(context.CancellationToken);
        db.Add(new Effect { OrderId = order, What = $"taken as {context.Message.Kind}" });
        await db.SaveChangesAsync(context.CancellationToken);
        await work.DoAsync(order, new Delivery(context.CancellationToken, db, outbox));
        await transaction.CommitAsync(context.CancellationToken);
        afterCommit.Do(() => work.SetDone(order));
    }
}

/// <summary>Does what the test wants, which may take long, and then notes an effect with one save.</summary>
internal sealed class OrderCancelledConsumer(OrdersDb db, Outbox<OrdersDb> outbox, AfterCommit afterCommit, Work work) : IConsumer<OrderCancelled>
{
    public async Task Consume(ConsumeContext<OrderCancelled> context)
    {
        var order = context.Message.OrderId;
        var delivery = new Delivery(context.CancellationToken, db, outbox);
        await work.DoAsync(order, delivery);
        db.Add(new Effect { OrderId = order, What = "cancelled" });
        outbox.Publish(new OrderAccepted(order));
        await db.SaveChangesAsync(context.CancellationToken);
        await work.DoAfterwardsAsync(order, delivery);
        afterCommit.Do(() => work.SetDone(order));
    }
}

/// <summary>The end of a chain.</summary>
internal sealed class OrderAcceptedConsumer(AfterCommit afterCommit, Work work, ILogger<OrderAcceptedConsumer> logger) : IConsumer<OrderAccepted>
{
    public Task Consume(ConsumeContext<OrderAccepted> context)
    {
        logger.LogInformation("Order {OrderId} is accepted", context.Message.OrderId);
        afterCommit.Do(() => work.SetAccepted(context.Message.OrderId));
        return Task.CompletedTask;
    }
}

internal sealed class OrdersDb(DbContextOptions<OrdersDb> options) : DbContext(options)
{
    public DbSet<Effect> Effects => Set<Effect>();

    // Its migration is written by hand, without a snapshot of the model to compare with.
    protected override void OnConfiguring(DbContextOptionsBuilder optionsBuilder) =>
        optionsBuilder.ConfigureWarnings(warnings => warnings.Ignore(RelationalEventId.PendingModelChangesWarning));

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        modelBuilder.Entity<Effect>();
        modelBuilder.UseMessaging();
        modelBuilder.UseSnakeCaseNames();
    }
}

/// <summary>Something that happened to an order.</summary>
internal sealed class Effect
{
    public long Id { get; init; }

    public required Guid OrderId { get; init; }

    public required string What { get; init; }
}

[DbContext(typeof(OrdersDb)), Migration("1_Initial")]
internal sealed class Initial : Migration
{
    protected override void Up(MigrationBuilder migrationBuilder) =>
        migrationBuilder.Sql("CREATE TABLE effects (id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, order_id uuid NOT NULL, what text NOT NULL)");
}

/// <summary>The service in an environment of its own, for the tests of a class.</summary>
public sealed class OrdersFixture : IAsyncLifetime
{
    internal TestEnvironment Environment { get; private set; } = null!;

    internal Work Work { get; } = new();

    internal RunningService Service { get; private set; } = null!;

    internal HttpClient Client { get; private set; } = null!;

    internal Receipts Receipts { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Environment = await TestEnvironment.CreateAsync(Orders.Name);
        Service = await Orders.StartAsync(Environment, Work);
        Client = Service.ClientWithoutIdentity();
        Receipts = Receipts.Of(Service);
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await Service.DisposeAsync();
        await Environment.DisposeAsync();
    }

    /// <summary>Changes and publishes as code outside a request would.</summary>
    internal async Task SaveAsync(Action<Outbox<OrdersDb>> publish)
    {
        await using var scope = Service.Services.CreateAsyncScope();
        publish(scope.ServiceProvider.GetRequiredService<Outbox<OrdersDb>>());
        await scope.ServiceProvider.GetRequiredService<OrdersDb>().SaveChangesAsync();
    }

    /// <summary>What happened to the order, in the order in which it did.</summary>
    internal Task<List<string>> EffectsAsync(Guid order) => Environment.QueryAsync<string>(Orders.Name, "SELECT what FROM effects WHERE order_id = $1 ORDER BY id", order);

    internal async Task<int> CountAsync(string sql) => (await Environment.QueryAsync<int>(Orders.Name, $"SELECT count(*)::int FROM {sql}"))[0];
}
