using Microsoft.Extensions.Logging.Abstractions;
using PhotoPlatform.Messaging.Broker;
using PhotoPlatform.Messaging.DeadLetters;
using PhotoPlatform.Testing;

namespace PhotoPlatform.Messaging.Tests.DeadLetters;

/// <summary>What a broker knows of its consumers' queues.</summary>
public sealed class CatalogueTests : IAsyncLifetime
{
    private TestEnvironment _environment = null!;

    public async ValueTask InitializeAsync() => _environment = await TestEnvironment.CreateAsync();

    public ValueTask DisposeAsync() => _environment.DisposeAsync();

    [Fact]
    public async Task Names_that_many_processes_add_at_once_are_all_there_in_one_message()
    {
        await Task.WhenAll(Enumerable.Range(0, 8).Select(i => AddAsync($"queue-{i}", "of-all")));

        Assert.Equal(["of-all", "queue-0", "queue-1", "queue-2", "queue-3", "queue-4", "queue-5", "queue-6", "queue-7"], await AddAsync());
        Assert.Single(await _environment.PeekAsync(DeadLetterCatalogue.Queue));
    }

    [Fact]
    public async Task What_a_writer_that_died_left_twice_is_one_again()
    {
        await AddAsync("first");
        await using (var bus = await TestBus.ConnectAsync(_environment))
            await bus.SendAsync(DeadLetterCatalogue.Queue, """["first", "second"]"""u8.ToArray());

        Assert.Equal(["first", "second"], await AddAsync());
        Assert.Single(await _environment.PeekAsync(DeadLetterCatalogue.Queue));
    }

    [Fact]
    public async Task Something_else_in_its_queue_is_an_error_that_says_what_to_do()
    {
        await AddAsync("first");
        await using (var bus = await TestBus.ConnectAsync(_environment))
            await bus.SendAsync(DeadLetterCatalogue.Queue, "no JSON"u8.ToArray());

        Assert.Contains("purge it", (await Assert.ThrowsAsync<InvalidDataException>(() => AddAsync())).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_names_of_a_service_are_there_when_it_has_gone()
    {
        await using (await Shipping.StartAsync(_environment, new Work()))
        {
        }
        Assert.Equal([Shipping.Queue], await AddAsync());
    }

    [Fact]
    public async Task A_broker_without_consumers_is_named_as_such()
    {
        var answer = await DeskProgram.RunAsync(_environment, "list");
        Assert.Equal(2, answer.ExitCode);
        Assert.Contains("No service has declared its queues", answer.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Two_desks_do_not_work_on_one_broker()
    {
        await AddAsync("first");
        await using var desk = await Desk.OpenAsync(new Uri(_environment.Bus), TimeProvider.System, CancellationToken.None);
        var answer = await DeskProgram.RunAsync(_environment, "list");

        Assert.Equal(2, answer.ExitCode);
        Assert.Contains("Another dead-letter desk works on this broker", answer.Errors, StringComparison.Ordinal);
    }

    private async Task<IReadOnlyCollection<string>> AddAsync(params string[] queues)
    {
        await using var broker = new BrokerConnection(new Uri(_environment.Bus), "test", NullLogger<BrokerConnection>.Instance);
        return await DeadLetterCatalogue.AddAsync(broker, queues, TimeProvider.System, CancellationToken.None);
    }
}
