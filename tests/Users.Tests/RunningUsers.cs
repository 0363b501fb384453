using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using PhotoPlatform.Contracts;
using PhotoPlatform.Messaging;
using PhotoPlatform.ServiceDefaults.Identity;
using PhotoPlatform.Storage;
using PhotoPlatform.Testing;
using PhotoPlatform.Users.Data;

namespace PhotoPlatform.Users.Tests;

/// <summary>Users on its own database and broker, for one class of tests.</summary>
public class RunningUsers : IAsyncLifetime
{
    public const string Password = "correct horse battery";
    private TestEnvironment? _environment;
    private RunningService? _service;
    private TestBus? _bus;
    private Task<Account>? _somebody;

    public TestEnvironment Environment => _environment!;

    public RunningService Service => _service!;

    public TestBus Bus => _bus!;

    public Inbound<UserRegistered> Registered { get; private set; } = null!;

    public Inbound<MailRequested> Mails { get; private set; } = null!;

    public Inbound<UserChanged> Changed { get; private set; } = null!;

    public Inbound<UserDeleted> Deleted { get; private set; } = null!;

    public Inbound<UserFollowed> Followed { get; private set; } = null!;

    public Inbound<SessionRevoked> Revoked { get; private set; } = null!;

    public Inbound<ExportRequested> Exports { get; private set; } = null!;

    /// <summary>The clock of its services.</summary>
    public TestClock Clock { get; } = new();

    /// <summary>Sees the SQL of its services.</summary>
    public CapturedSql Sql { get; } = new();

    /// <summary>Where its blobs are.</summary>
    public IBlobStore Blobs => Service.Services.GetRequiredService<IBlobStore>();

    public virtual async ValueTask InitializeAsync()
    {
        _environment = await TestEnvironment.CreateAsync("users");
        _bus = await TestBus.ConnectAsync(_environment);
        Registered = await _bus.ListenAsync<UserRegistered>();
        Mails = await _bus.ListenAsync<MailRequested>();
        Changed = await _bus.ListenAsync<UserChanged>();
        Deleted = await _bus.ListenAsync<UserDeleted>();
        Followed = await _bus.ListenAsync<UserFollowed>();
        Revoked = await _bus.ListenAsync<SessionRevoked>();
        Exports = await _bus.ListenAsync<ExportRequested>();
        _service = await StartAsync();
    }

    /// <summary>The settings of its replicas, unless a test has others.</summary>
    protected virtual Dictionary<string, string?>? Settings => null;

    /// <summary>One more replica.</summary>
    public Task<RunningService> StartAsync(Dictionary<string, string?>? settings = null) =>
        RunningService.StartAsync("users", Environment, builder => builder.AddUsers(), app => app.MapUsers(), settings ?? Settings, services =>
        {
            services.Replace(ServiceDescriptor.Singleton<TimeProvider>(Clock));
            services.ConfigureDbContext<UsersDb>(options => options.AddInterceptors(Sql));
        });

    /// <summary>A client of this user, at the services' time.</summary>
    public HttpClient Client(Guid? user = null, Guid? session = null, params IReadOnlyList<string> roles) => ClientOf(Service, user, session, roles);

    /// <summary>A client of this user at one of several replicas.</summary>
    public HttpClient ClientOf(RunningService replica, Guid? user = null, Guid? session = null, params IReadOnlyList<string> roles)
    {
        var client = replica.ClientWithoutIdentity();
        var signer = new IdentitySigner(Encoding.UTF8.GetBytes(TestEnvironment.IdentityKey), Clock);
        client.DefaultRequestHeaders.Add(IdentitySigner.Header, signer.Sign("users", user, user is null ? null : session ?? Guid.CreateVersion7(), roles));
        return client;
    }

    /// <summary>Publishes an event and returns when Users has dealt with it.</summary>
    public async Task HandleAsync(object message, Guid? id = null)
    {
        var messageId = id ?? Guid.CreateVersion7();
        await Bus.PublishAsync(message, messageId);
        await Eventually.GetAsync(
            () => Environment.QueryAsync<int>("users", "SELECT 1 FROM inbox WHERE message_id = $1 AND consumer = $2", messageId, $"users-{MessageNames.ExchangeOf(message.GetType())}"), rows => rows.Count == 1);
    }

    /// <summary>The next mail to an address; those to others are passed over.</summary>
    public async Task<MailRequested> MailToAsync(string address, string template)
    {
        for (; ; )
        {
            if ((await Mails.NextAsync()).Message is var mail && mail.To == address && mail.Template == template)
                return mail;
        }
    }

    public virtual async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        if (_service is not null)
            await _service.DisposeAsync();
        if (_bus is not null)
            await _bus.DisposeAsync();
        if (_environment is not null)
            await _environment.DisposeAsync();
    }

    /// <summary>A handle that nobody has.</summary>
    public static string NewHandle() => $"u{Guid.NewGuid():N}"[..20];

    /// <summary>One account for the tests that only need one: a password costs time.</summary>
    public Task<Account> SomebodyAsync() => _somebody ??= SignUpAsync();

    /// <summary>Signs somebody up: 201 or the test fails.</summary>
    public async Task<Account> SignUpAsync()
    {
        var handle = NewHandle();
        using var client = Client();
        using var response = await client.PostAsJsonAsync("/api/users", new { email = $"{handle}@example.org", handle, displayName = "Ada", password = Password });
        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        var id = (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("id").GetGuid();
        return new Account(id, handle, $"{handle}@example.org");
    }

    /// <summary>Signs somebody in and looks the new session up.</summary>
    public async Task<(string Token, Guid SessionId)> SignInAsync(Account account)
    {
        using var client = Client();
        using var response = await client.PostAsJsonAsync("/api/sessions", new { account.Email, password = Password });
        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        var token = (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("token").GetString()!;
        return (token, (await ResolveAsync(token))!.SessionId);
    }

    /// <summary>What the gateway is told about a token.</summary>
    public async Task<ResolvedSession?> ResolveAsync(string token)
    {
        using var gateway = Client(roles: "gateway");
        using var response = await gateway.PostAsJsonAsync("/internal/sessions/resolve", new { tokenHash = ServiceDefaults.Caching.SessionCache.HashOf(token) });
        if (response.StatusCode == HttpStatusCode.NotFound)
            return null;
        return await response.EnsureSuccessStatusCode().Content.ReadFromJsonAsync<ResolvedSession>();
    }

    /// <summary>A body of this text, as JSON unless said otherwise.</summary>
    public static StringContent Body(string text, string contentType = "application/json") => new(text, Encoding.UTF8) { Headers = { ContentType = System.Net.Http.Headers.MediaTypeHeaderValue.Parse(contentType) } };
}

/// <summary>Users with passwords that cost next to nothing, for tests that try hundreds.</summary>
public sealed class RunningUsersWithCheapPasswords : RunningUsers
{
    protected override Dictionary<string, string?> Settings => new() { ["Passwords:Iterations"] = "1000" };
}

/// <summary>Somebody who signed up.</summary>
public sealed record Account(Guid Id, string Handle, string Email);
