using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using PhotoPlatform.ServiceDefaults.Identity;
using PhotoPlatform.Testing;
using PhotoPlatform.Users;

namespace PhotoPlatform.Gateway.Tests;

/// <summary>The gateway before the real Users, with an echo in the place of the other services; for one class of tests.</summary>
public sealed class RunningGateway : IAsyncLifetime
{
    /// <summary>A port that nobody listens on.</summary>
    public const string Nobody = "http://127.0.0.1:1";

    /// <summary>A Redis that is away.</summary>
    public const string NoRedis = "127.0.0.1:1,connectRetry=1";

    private const string Password = "correct horse battery";
    private TestEnvironment? _environment;
    private RunningService? _gateway;
    private RunningService? _users;
    private EchoServer? _echo;
    private Task<(Guid User, string Token)>? _somebody;

    public RunningService Gateway => _gateway!;

    public RunningService Users => _users!;

    public string EchoAddress => _echo!.Address;

    public async ValueTask InitializeAsync()
    {
        _environment = await TestEnvironment.CreateAsync("users");
        _echo = await EchoServer.StartAsync();
        _users = await RunningService.StartAsync("users", _environment, builder => builder.AddUsers(), app => app.MapUsers());
        _gateway = await StartAsync();
    }

    /// <summary>One more gateway.</summary>
    public Task<RunningService> StartAsync(params (string Name, string? Value)[] settings) => StartAsync(null, settings);

    /// <summary>One more gateway, with other services than its own.</summary>
    public Task<RunningService> StartAsync(Action<IServiceCollection>? replace, params (string Name, string? Value)[] settings)
    {
        var all = new Dictionary<string, string?>
        {
            ["services:users:http:0"] = Users.Address.ToString(),
            ["services:media:http:0"] = _echo!.Address,
            ["services:notifier:http:0"] = _echo.Address,
        };
        // On a busy machine a slow service must not look like one that is away.
        foreach (var cluster in new[] { "users", "media", "notifier" })
        {
            all[$"ReverseProxy:Clusters:{cluster}:HttpRequest:ActivityTimeout"] = "00:05:00";
            all[$"ReverseProxy:Clusters:{cluster}:HealthCheck:Active:Timeout"] = "00:05:00";
        }
        foreach (var (name, value) in settings)
            all[name] = value;
        return RunningService.StartAsync("gateway", _environment!, builder => builder.AddGateway(), app => app.MapGateway(), all, replace, application: "PhotoPlatform.Gateway");
    }

    public async ValueTask DisposeAsync()
    {
        if (_gateway is not null)
            await _gateway.DisposeAsync();
        if (_users is not null)
            await _users.DisposeAsync();
        if (_echo is not null)
            await _echo.DisposeAsync();
        if (_environment is not null)
            await _environment.DisposeAsync();
    }

    /// <summary>A client without cookies of its own, that follows nothing.</summary>
    public HttpClient Client(string? token = null, RunningService? gateway = null)
    {
        var client = new HttpClient(new SocketsHttpHandler { UseCookies = false, AllowAutoRedirect = false }) { BaseAddress = (gateway ?? Gateway).Address, Timeout = TimeSpan.FromMinutes(5) };
        if (token is not null)
            client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return client;
    }

    /// <summary>One session for the tests that only need one: a password costs time.</summary>
    public Task<(Guid User, string Token)> SomebodyAsync() => _somebody ??= SignInAsync();

    /// <summary>Signs somebody up and in through the gateway.</summary>
    public async Task<(Guid User, string Token)> SignInAsync()
    {
        using var client = Client();
        var handle = $"u{Guid.NewGuid():N}"[..20];
        using var signedUp = await client.PostAsJsonAsync("/api/users", new { email = $"{handle}@example.org", handle, displayName = "Ada", password = Password });
        Assert.Equal(HttpStatusCode.Created, signedUp.StatusCode);
        using var signedIn = await client.PostAsJsonAsync("/api/sessions", new { email = $"{handle}@example.org", password = Password });
        Assert.Equal(HttpStatusCode.Created, signedIn.StatusCode);
        return ((await signedUp.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("id").GetGuid(), (await signedIn.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("token").GetString()!);
    }

    /// <summary>How often Users was asked about a token.</summary>
    public int Questions() => Users.Logs.All.Count(line => line.Message.StartsWith("POST /internal/sessions/resolve", StringComparison.Ordinal));

    /// <summary>Who the gateway told a service the caller is; fails when the service could not believe it.</summary>
    public static CallerIdentity IdentityOf(Echo echo, string audience) =>
        new IdentitySigner(Encoding.UTF8.GetBytes(TestEnvironment.IdentityKey), TimeProvider.System).Read(echo.Headers["x-internal-identity"], audience) ?? throw new InvalidOperationException("No service would accept this identity.");

    /// <summary>The answer is a problem with this status.</summary>
    public static async Task<JsonElement> AssertProblemAsync(HttpStatusCode status, HttpResponseMessage response, string? name = null)
    {
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(status == response.StatusCode, $"{name}: {response.StatusCode} {text}");
        Assert.True(response.Content.Headers.ContentType?.MediaType == "application/problem+json", $"{name}: {response.Content.Headers.ContentType} {text}");
        Assert.DoesNotContain("   at ", text, StringComparison.Ordinal);
        response.Dispose();
        return JsonSerializer.Deserialize<JsonElement>(text);
    }
}
