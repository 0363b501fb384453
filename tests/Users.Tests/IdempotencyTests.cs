using PhotoPlatform.Testing;
using PhotoPlatform.Testing.Idempotency;

namespace PhotoPlatform.Users.Tests;

public sealed class IdempotencyTests(UsersOnTrial users) : IClassFixture<UsersOnTrial>
{
    public static TheoryData<string> Cases => [.. ConsumerCases.All.Select(one => one.ToString())];

    [Fact]
    public void Every_consumer_has_a_case() => Assert.Empty(Consumers.Without(ConsumerCases.All, typeof(UsersService).Assembly));

    [Theory, MemberData(nameof(Cases))]
    public async Task A_message_that_comes_again_changes_nothing(string name) => AssertSame(await users.Trials.TwiceAsync(Case(name)));

    [Theory, MemberData(nameof(Cases))]
    public async Task A_message_that_comes_twice_at_once_has_one_effect(string name) => AssertSame(await users.Trials.AtOnceAsync(Case(name)));

    [Fact]
    public async Task Messages_that_come_again_after_a_crash_before_their_acknowledgement_have_one_effect() => AssertSame(await users.Trials.CrashAfterEffectAsync(ConsumerCases.All));

    [Fact]
    public async Task Messages_that_come_again_after_a_crash_before_their_commit_have_one_effect() => AssertSame(await users.Trials.CrashBeforeEffectAsync(ConsumerCases.All));

    private static ConsumerCase<RunningUsers> Case(string name) => ConsumerCases.All.Single(one => one.ToString() == name);

    private static void AssertSame(Comparison states) => Assert.Equal(states.Once, states.Again);
}

/// <summary>Users whose connections can be lost.</summary>
public sealed class UsersOnTrial : RunningUsers
{
    private TcpRelay? _broker;
    private Trials<RunningUsers>? _trials;

    public Trials<RunningUsers> Trials => _trials!;

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        _trials = await Testing.Idempotency.Trials.StartAsync<RunningUsers>(this, Service, Environment, "users", Bus, _broker!, await CommitHold.CreateAsync(Environment.Database("users")));
    }

    public override async ValueTask DisposeAsync()
    {
        if (_trials is not null)
            await _trials.DisposeAsync();
        await base.DisposeAsync();
        if (_broker is not null)
            await _broker.DisposeAsync();
    }

    protected override Dictionary<string, string?> Settings => (_broker ??= TcpRelay.ToBroker(Environment)).BrokerSettings(Environment);
}
