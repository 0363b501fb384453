using System.Text.Json;
using PhotoPlatform.Messaging.Retry;
using PhotoPlatform.Testing;

namespace PhotoPlatform.Messaging.Tests.DeadLetters;

/// <summary>The desk's commands, each with a broker of its own.</summary>
public sealed class DeskTests : IAsyncLifetime
{
    private readonly Work _work = new();
    private readonly Guid _order = Guid.NewGuid();
    private readonly Guid _id = MessageId.New(TimeProvider.System);
    private TestEnvironment _environment = null!;
    private RunningService _service = null!;

    public async ValueTask InitializeAsync()
    {
        _environment = await TestEnvironment.CreateAsync(Orders.Name);
        _service = await Orders.StartAsync(_environment, _work);
    }

    public async ValueTask DisposeAsync()
    {
        await _service.DisposeAsync();
        await _environment.DisposeAsync();
    }

    [Fact]
    public async Task List_counts_letters_by_queue_reason_and_fault_the_most_first()
    {
        for (var i = 0; i < 3; i++)
            await _service.BuryAsync(Guid.NewGuid(), hash: "0000000a", age: TimeSpan.FromHours(2));
        await _service.BuryAsync(Guid.NewGuid(), hash: "0000000b");
        await _service.BuryAsync(Guid.NewGuid(), reason: "sold-out", queue: "orders-order-accepted");

        var text = await RunAsync("list");
        var json = await RunAsync("list", "--json");

        Assert.Equal(0, text.ExitCode);
        Assert.Matches(@"(?m)^\s+3  orders-order-placed\s+retries-exhausted  0000000a  2h", text.Output);
        Assert.EndsWith("5 dead letters.\n", text.Output, StringComparison.Ordinal);
        Assert.Equal(5, json.Json.GetProperty("letters").GetInt32());
        Assert.Equal([3, 1, 1], json.Json.GetProperty("groups").EnumerateArray().Select(group => group.GetProperty("letters").GetInt32()));
    }

    [Fact]
    public async Task Filters_choose_by_queue_reason_fault_id_age_and_number()
    {
        await _service.BuryAsync(_order, _id, "sold-out", "0000000a");
        await _service.BuryAsync(Guid.NewGuid(), reason: "retries-exhausted", hash: "0000000b", age: TimeSpan.FromMinutes(90));
        await _service.BuryAsync(Guid.NewGuid(), reason: "retries-exhausted", hash: "0000000a", age: TimeSpan.FromDays(2), queue: "orders-order-accepted");

        Assert.Equal(2, await CountAsync("--queue", Orders.Queue));
        Assert.Equal(3, await CountAsync("--queue", $"{Orders.Queue}.dead", "--queue", "orders-order-accepted"));
        Assert.Equal(2, await CountAsync("--reason", "retries-exhausted"));
        Assert.Equal(2, await CountAsync("--stack-hash", "0000000A"));
        Assert.Equal(1, await CountAsync("--id", _id.ToString()));
        Assert.Equal(2, await CountAsync("--older-than", "1h"));
        Assert.Equal(1, await CountAsync("--older-than", "60m", "--newer-than", "1d"));
        Assert.Equal(1, await CountAsync("--newer-than", "1800s"));
        Assert.Equal(2, await CountAsync("--limit", "2"));
        Assert.Equal(0, await CountAsync("--reason", "sold-out", "--older-than", "1h"));

        async Task<int> CountAsync(params string[] filter) => (await RunAsync(["list", "--json", .. filter])).Json.GetProperty("letters").GetInt32();
    }

    [Fact]
    public async Task Show_tells_a_letters_story_and_its_body_only_when_it_is_asked_for()
    {
        _work.On(_order, _ => throw new PermanentException("sold-out", "There is none left."));
        await _service.SendAsync(Orders.Queue, _id, new OrderPlaced(_order));
        await _environment.WaitForMessageAsync($"{Orders.Queue}.dead", _order);

        var story = await RunAsync("show", _id.ToString());
        var whole = await RunAsync("show", _id.ToString(), "--body");
        var json = await RunAsync("show", _id.ToString(), "--body", "--json");

        Assert.Contains("sold-out", story.Output, StringComparison.Ordinal);
        Assert.Contains("PermanentException: There is none left.", story.Output, StringComparison.Ordinal);
        Assert.Matches("trace +[0-9a-f]{32}", story.Output);
        Assert.DoesNotContain(_order.ToString(), story.Output, StringComparison.Ordinal);
        Assert.Contains($"\"orderId\": \"{_order}\"", whole.Output, StringComparison.Ordinal);
        Assert.Equal(_order, Assert.Single(json.Json.EnumerateArray()).GetProperty("body").GetProperty("message").GetProperty("orderId").GetGuid());
    }

    [Fact]
    public async Task Replay_gives_a_letter_back_as_it_was_and_its_consumer_has_its_effect()
    {
        await _service.BuryAsync(_order, _id);
        var answer = await RunAsync("replay");
        await _work.DoneAsync(_order);

        Assert.Equal((0, "1 of 1 letters are replayed.\n"), (answer.ExitCode, answer.Output));
        Assert.Equal(["taken as Paid"], await _environment.QueryAsync<string>(Orders.Name, "SELECT what FROM effects WHERE order_id = $1", _order));
        Assert.Equal([_id], await _environment.QueryAsync<Guid>(Orders.Name, "SELECT message_id FROM inbox"));
        Assert.Empty(await _environment.PeekAsync($"{Orders.Queue}.dead"));
    }

    [Fact]
    public async Task A_letter_that_dies_again_is_not_replayed_again_and_begins_a_new_story()
    {
        await _service.BuryAsync(_order, _id);
        _work.On(_order, _ => throw new PermanentException("sold-out", "There is none left."));
        var answer = await RunAsync("replay", "--json");
        var again = await _environment.WaitForMessageAsync($"{Orders.Queue}.dead", _order);

        Assert.Equal(1, answer.Json.GetProperty("replayed").GetInt32());
        Assert.Equal(1, _work.Tries(_order));
        Assert.Equal("1", again.Properties.Header(FailureHeaders.Attempts));
        Assert.Equal("0", again.Properties.Header(FailureHeaders.Rung));
        Assert.Equal("order-placed", again.Properties.Header(FailureHeaders.OriginalExchange));
        Assert.Equal(again.Properties.Header(FailureHeaders.FirstAt), again.Properties.Header(FailureHeaders.LastAt));
    }

    [Fact]
    public async Task A_letter_whose_message_had_its_effect_after_all_has_none_again()
    {
        await _service.SendAsync(Orders.Queue, _id, new OrderPlaced(_order));
        await _work.DoneAsync(_order);
        var receipts = Receipts.Of(_service);
        await _service.BuryAsync(_order, _id);
        await RunAsync("replay");
        await receipts.NextAsync(_id);

        Assert.Equal(["taken as Paid"], await _environment.QueryAsync<string>(Orders.Name, "SELECT what FROM effects WHERE order_id = $1", _order));
    }

    [Fact]
    public async Task A_letter_older_than_the_inbox_remembers_stays_unless_it_may_have_a_new_id()
    {
        await _service.BuryAsync(_order, Guid.CreateVersion7(TimeProvider.System.GetUtcNow().AddDays(-9)));
        var refused = await RunAsync("replay");
        var replayed = await RunAsync("replay", "--renew-ids");
        await _work.DoneAsync(_order);

        Assert.Equal(1, refused.ExitCode);
        Assert.Contains("1 stay: their ids are older than the 7 days", refused.Output, StringComparison.Ordinal);
        Assert.Equal((0, "1 of 1 letters are replayed.\n1 of them have a new id.\n"), (replayed.ExitCode, replayed.Output));
    }

    [Fact]
    public async Task A_letter_whose_queue_is_gone_stays()
    {
        await _service.BuryAsync(_order, queue: Orders.Queue);
        await _service.DisposeAsync();
        await _environment.DeleteQueueAsync(Orders.Queue);
        var answer = await RunAsync("replay");

        Assert.Equal(1, answer.ExitCode);
        Assert.Contains("1 stay: their consumer's queue is gone", answer.Output, StringComparison.Ordinal);
        await _environment.WaitForMessageAsync($"{Orders.Queue}.dead", _order);
    }

    [Fact]
    public async Task A_dry_run_says_what_it_would_do_and_does_nothing()
    {
        await _service.BuryAsync(_order);
        var replay = await RunAsync("replay", "--dry-run");
        var discard = await RunAsync("discard", "--dry-run");

        Assert.EndsWith("1 dead letter.\nNone is replayed: this was a dry run.\n", replay.Output, StringComparison.Ordinal);
        Assert.EndsWith("1 dead letter.\nNone is discarded: this was a dry run.\n", discard.Output, StringComparison.Ordinal);
        await _environment.WaitForMessageAsync($"{Orders.Queue}.dead", _order);
    }

    [Theory]
    [InlineData("replay")]
    [InlineData("discard")]
    public async Task Without_a_filter_and_a_person_to_ask_many_letters_need_a_yes(string command)
    {
        await _service.BuryAsync(2);
        var refused = await RunAsync(command);
        var done = await RunAsync(command, "--yes");

        Assert.Equal(2, refused.ExitCode);
        Assert.Contains("say --yes", refused.Errors, StringComparison.Ordinal);
        Assert.True(done.ExitCode == 0, done.Errors);
        var left = await RunAsync("list");
        Assert.Equal("No dead letters.\n", left.Output + left.Errors);
    }

    [Fact]
    public async Task Discard_writes_letters_to_an_archive_for_the_owners_eyes_and_replay_brings_them_back()
    {
        await _service.BuryAsync(_order, _id, "sold-out");
        var discarded = await RunAsync("discard", "--reason", "sold-out");
        var archive = Assert.Single(Directory.GetFiles(Path.Combine(_environment.Folder, "dead-letters")));
        var left = await RunAsync("list");
        var line = JsonSerializer.Deserialize<JsonElement>(Assert.Single(await File.ReadAllLinesAsync(archive)));

        Assert.Equal($"1 of 1 letters are discarded; they are in {archive}.\n", discarded.Output);
        Assert.Equal("No dead letters.\n", left.Output);
        Assert.True(OperatingSystem.IsWindows() || File.GetUnixFileMode(archive) == (UnixFileMode.UserRead | UnixFileMode.UserWrite));
        Assert.Equal(_id, line.GetProperty("properties").GetProperty("messageId").GetGuid());
        Assert.Equal("sold-out", line.GetProperty("headers").GetProperty("failure-reason").GetString());
        Assert.Equal(_order, JsonSerializer.Deserialize<JsonElement>(line.GetProperty("body").GetBytesFromBase64()).GetProperty("message").GetProperty("orderId").GetGuid());

        var replayed = await RunAsync("replay", "--from-archive", archive);
        await _work.DoneAsync(_order);
        Assert.Equal((0, "1 of 1 letters are replayed.\n"), (replayed.ExitCode, replayed.Output));
        Assert.Equal([_id], await _environment.QueryAsync<Guid>(Orders.Name, "SELECT message_id FROM inbox"));
    }

    [Fact]
    public async Task What_the_disk_does_not_take_is_not_discarded()
    {
        await using var disk = await SmallDisk.TryMountAsync(Path.Combine(_environment.Folder, "small"), megabytes: 1);
        Assert.SkipWhen(disk is null, "Mounting a small disk needs root.");
        var archive = Path.Combine(disk!.Folder, "letters.jsonl");
        await _service.BuryAsync(2_000);
        var answer = await RunAsync("discard", "--yes", "--archive", archive);
        var letters = (await RunAsync("list", "--each", "--json")).Ids.ToHashSet();
        var archived = (await File.ReadAllLinesAsync(archive)).SkipLast(1).Select(IdOf).ToHashSet();

        Assert.Equal(1, answer.ExitCode);
        Assert.Contains("cannot be written", answer.Errors, StringComparison.Ordinal);
        Assert.NotEmpty(letters);
        Assert.NotEmpty(archived);
        Assert.Equal(2_000, letters.Union(archived).Count());
    }

    [Fact]
    public async Task A_message_that_the_broker_gave_up_has_the_brokers_reason()
    {
        await _service.DisposeAsync();
        await using var bus = await TestBus.ConnectAsync(_environment);
        await bus.SendAsync(Orders.Queue, new OrderPlaced(_order), _id);
        await _environment.ReturnAsync(Orders.Queue, Topology.DeliveryLimit + 1);
        await _environment.WaitForMessageAsync($"{Orders.Queue}.dead", _order);
        var letter = Assert.Single((await RunAsync("list", "--each", "--json")).Json.GetProperty("each").EnumerateArray());

        Assert.Equal("delivery-limit", letter.GetProperty("reason").GetString());
        Assert.Equal(_id, letter.GetProperty("id").GetGuid());
        Assert.Equal(JsonValueKind.String, letter.GetProperty("lastAt").ValueKind);
    }

    [Theory]
    [InlineData("There is no consumer queue 'nowhere'; there are orders-order-accepted, ", "list", "--queue", "nowhere")]
    [InlineData("'5 days' is no age for --older-than: write 30s, 5m, 2h or 3d.", "list", "--older-than", "5 days")]
    [InlineData("--limit is at least 1.", "list", "--limit", "0")]
    [InlineData("--rate is 0.01 to 100,000 letters a second.", "replay", "--rate", "0")]
    [InlineData("--bus is no address of a broker", "list", "--bus", "http://localhost")]
    [InlineData("RabbitMQ at 127.0.0.1:1 cannot be reached", "list", "--bus", "amqp://127.0.0.1:1")]
    [InlineData("cannot be read", "replay", "--from-archive", "/nowhere.jsonl")]
    [InlineData("cannot be written", "discard", "--yes", "--archive", "/proc/letters.jsonl")]
    [InlineData("Unrecognized command or argument 'bury'", "bury")]
    public async Task What_cannot_be_done_is_said_in_a_sentence(string sentence, params string[] arguments)
    {
        await _service.BuryAsync(_order);
        var answer = await RunAsync(arguments);

        Assert.Equal(2, answer.ExitCode);
        Assert.Contains(sentence, answer.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", answer.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_letter_that_does_not_exist_cannot_be_shown()
    {
        var answer = await RunAsync("show", _id.ToString());
        Assert.Equal(1, answer.ExitCode);
        Assert.Contains($"there is no dead letter with the id '{_id}'", answer.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Help_has_examples()
    {
        var answer = await RunAsync("--help");
        Assert.Equal(0, answer.ExitCode);
        Assert.Contains("./run dead-letters replay --stack-hash", answer.Output, StringComparison.Ordinal);
    }

    private Task<DeskAnswer> RunAsync(params string[] arguments) => DeskProgram.RunAsync(_environment, arguments);

    private static Guid IdOf(string line) => JsonSerializer.Deserialize<JsonElement>(line).GetProperty("properties").GetProperty("messageId").GetGuid();
}
