using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using PhotoPlatform.Storage;
using PhotoPlatform.Testing;
using PhotoPlatform.Testing.Idempotency;

namespace PhotoPlatform.PhotoProcessor.Tests;

public sealed class IdempotencyTests(PhotoProcessorOnTrial processor) : IClassFixture<PhotoProcessorOnTrial>
{
    public static TheoryData<string> Cases => [.. ConsumerCases.All.Select(one => one.ToString())];

    [Fact]
    public void Every_consumer_has_a_case() => Assert.Empty(Consumers.Without(ConsumerCases.All, typeof(PhotoProcessorWorker).Assembly));

    [Theory, MemberData(nameof(Cases))]
    public async Task A_message_that_comes_again_changes_nothing(string name) => AssertSame(await processor.Trials.TwiceAsync(Case(name)));

    [Theory, MemberData(nameof(Cases))]
    public async Task A_message_that_comes_twice_at_once_has_one_effect(string name) => AssertSame(await processor.Trials.AtOnceAsync(Case(name)));

    [Fact]
    public async Task Messages_that_come_again_after_a_crash_before_their_acknowledgement_have_one_effect() => AssertSame(await processor.Trials.CrashAfterEffectAsync(ConsumerCases.All));

    [Fact]
    public async Task Messages_that_come_again_after_a_crash_before_their_commit_have_one_effect() => AssertSame(await processor.Trials.CrashBeforeEffectAsync(ConsumerCases.All));

    private static ConsumerCase<RunningPhotoProcessor> Case(string name) => ConsumerCases.All.Single(one => one.ToString() == name);

    private static void AssertSame(Comparison states) => Assert.Equal(states.Once, states.Again);
}

/// <summary>PhotoProcessor whose connections can be lost.</summary>
public sealed class PhotoProcessorOnTrial : RunningPhotoProcessor
{
    private TcpRelay? _broker;
    private HeldBlobStore? _blobs;
    private Trials<RunningPhotoProcessor>? _trials;

    public Trials<RunningPhotoProcessor> Trials => _trials!;

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        _trials = await Testing.Idempotency.Trials.StartAsync<RunningPhotoProcessor>(this, Service, Environment, null, Bus, _broker!, _blobs!);
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

    protected override void Replace(IServiceCollection services)
    {
        _blobs = new HeldBlobStore(Blobs);
        services.Replace(ServiceDescriptor.Singleton<IBlobStore>(_blobs));
    }
}
