using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using PhotoPlatform.Contracts;
using PhotoPlatform.Notifier.Mails;
using PhotoPlatform.Testing;

namespace PhotoPlatform.Notifier.Tests;

/// <summary>Notifier on its own database, broker and mail server, for one class of tests; the tests are the services that publish.</summary>
public class RunningNotifier : IAsyncLifetime
{
    private TestEnvironment? _environment;
    private RunningService? _service;
    private TestBus? _bus;

    public TestEnvironment Environment => _environment!;

    public RunningService Service => _service!;

    public TestBus Bus => _bus!;

    public MailServer Mail { get; } = new();

    public TestClock Clock { get; } = new();

    public virtual async ValueTask InitializeAsync()
    {
        _environment = await TestEnvironment.CreateAsync("notifier");
        _bus = await TestBus.ConnectAsync(_environment);
        _service = await StartAsync();
    }

    /// <summary>More settings of its replicas.</summary>
    protected virtual Dictionary<string, string?> Settings => [];

    /// <summary>One more replica.</summary>
    public Task<RunningService> StartAsync(Dictionary<string, string?>? settings = null) => RunningService.StartAsync(
        "notifier", Environment, builder => builder.AddNotifier(), app => app.MapNotifier(),
        new Dictionary<string, string?>(settings ?? Settings) { ["Mail:Server"] = Mail.Address, ["Mail:From"] = "PhotoPlatform <no-reply@photoplatform.example>" },
        services => services.Replace(ServiceDescriptor.Singleton<TimeProvider>(Clock)));

    public virtual async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        if (_service is not null)
            await _service.DisposeAsync();
        if (_bus is not null)
            await _bus.DisposeAsync();
        if (_environment is not null)
            await _environment.DisposeAsync();
        await Mail.DisposeAsync();
    }

    /// <summary>Puts the clock forward, and lets the sender look at it.</summary>
    public void Pass(TimeSpan time)
    {
        Clock.Advance(time);
        Service.Services.GetRequiredService<MailSignal>().Set();
    }

    /// <summary>A new user's id.</summary>
    public static Guid NewUser() => PlatformId.New(TimeProvider.System, PlatformId.NewBucket());

    /// <summary>Events that nobody announces.</summary>
    public async Task AppendAsync(Guid user, int count) => await Environment.QueryAsync<object>("notifier", $$"""
        BEGIN;
        INSERT INTO event_counters (user_id, last_seq) VALUES ('{{user}}', {{count.ToString(CultureInfo.InvariantCulture)}});
        INSERT INTO events (user_id, seq, type, payload, at) SELECT '{{user}}', n, 'photo-ready', '{}', now() FROM generate_series(1, {{count.ToString(CultureInfo.InvariantCulture)}}) AS n;
        COMMIT;
        """);
}
