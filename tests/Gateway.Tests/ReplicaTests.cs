using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using PhotoPlatform.Testing;

namespace PhotoPlatform.Gateway.Tests;

/// <summary>Two replicas of a service behind the gateway.</summary>
public sealed class ReplicaTests(RunningGateway running) : IClassFixture<RunningGateway>
{
    private static readonly Uri Photos = new("/api/photos", UriKind.Relative);

    [Fact]
    public async Task Requests_go_to_every_replica()
    {
        await using var two = await TwoReplicas.StartAsync(running);
        await Eventually.GetAsync(async () => (await two.EchoAsync()).Port, two.SeenBoth);
    }

    [Fact]
    public async Task A_replica_that_refuses_connections_costs_no_request_not_even_an_upload()
    {
        // Without probes, which might notice before a request does.
        await using var two = await TwoReplicas.StartAsync(running, ("ReverseProxy:Clusters:media:HealthCheck:Active:Enabled", "false"));
        await two.Second.CutAsync();
        // Each way, often enough that the gateway would have chosen the one that is away.
        for (var i = 0; i < 10; i++)
        {
            Assert.Equal(two.First.Port, (await two.EchoAsync()).Port);
            using var content = new ByteArrayContent(new byte[200_000]);
            using var upload = await two.Client.PostAsync(Photos, content);
            var echo = (await upload.Content.ReadFromJsonAsync<Echo>())!;
            Assert.Equal((two.First.Port, 200_000), (echo.Port, echo.Bytes));
        }
        Assert.Contains(two.Gateway.Logs.All, line => line.Message.Contains("the request goes to another replica", StringComparison.Ordinal));

        two.Second.Restore();
        await Eventually.GetAsync(async () => (await two.EchoAsync()).Port, two.SeenBoth);
    }

    [Fact]
    public async Task A_replica_that_breaks_the_connection_before_it_answers_costs_no_request_that_changes_nothing()
    {
        await using var broken = new BrokenServer();
        await using var gateway = await running.StartAsync(("services:media:http:0", broken.Address), ("services:media:http:1", running.EchoAddress));
        using var client = running.Client(gateway: gateway);
        for (var i = 0; i < 10 || !broken.Requests.Contains("GET"); i++)
            Assert.Equal(HttpStatusCode.OK, (await client.GetAsync(Photos)).StatusCode);
        using var head = new HttpRequestMessage(HttpMethod.Head, Photos);
        Assert.Equal(HttpStatusCode.OK, (await client.SendAsync(head)).StatusCode);
    }

    [Fact]
    public async Task What_may_have_been_done_is_not_done_again()
    {
        await using var broken = new BrokenServer();
        await using var other = new BrokenServer();
        await using var gateway = await running.StartAsync(("services:media:http:0", broken.Address), ("services:media:http:1", other.Address));
        using var client = running.Client(gateway: gateway);
        using var content = new ByteArrayContent(new byte[1000]);
        await RunningGateway.AssertProblemAsync(HttpStatusCode.BadGateway, await client.PostAsync(Photos, content));
        Assert.Equal(["POST"], broken.Requests.Concat(other.Requests));

        await RunningGateway.AssertProblemAsync(HttpStatusCode.BadGateway, await client.GetAsync(Photos));
        Assert.True(broken.Requests.Contains("GET") && other.Requests.Contains("GET"));
    }

    [Fact]
    public async Task A_replica_that_says_it_stops_gets_no_more_requests_and_comes_back_when_it_is_healthy()
    {
        await using var stopping = await EchoServer.StartAsync();
        await using var gateway = await running.StartAsync(("services:media:http:0", stopping.Address), ("services:media:http:1", running.EchoAddress));
        using var client = running.Client(gateway: gateway);
        var seen = new HashSet<int>();
        await Eventually.GetAsync(PortAsync, port => seen.Add(port) && seen.Count == 2);

        stopping.IsStopping = true;
        var probed = stopping.Probes;
        // The second probe from now on has begun after the first one was answered, and the answer counts by then.
        await Eventually.GetAsync(() => Task.FromResult(stopping.Probes), probes => probes >= probed + 2);
        for (var i = 0; i < 20; i++)
            Assert.NotEqual(new Uri(stopping.Address).Port, await PortAsync());

        stopping.IsStopping = false;
        await Eventually.GetAsync(PortAsync, port => port == new Uri(stopping.Address).Port);

        async Task<int> PortAsync() => (await client.GetFromJsonAsync<Echo>(Photos))!.Port;
    }

    [Fact]
    public async Task A_session_is_checked_by_whichever_users_replica_is_there()
    {
        var (user, token) = await running.SignInAsync();
        await using var gateway = await running.StartAsync(("services:users:http:0", RunningGateway.Nobody), ("services:users:http:1", running.Users.Address.ToString()),
            ("ConnectionStrings:redis", RunningGateway.NoRedis));
        using var client = running.Client(token, gateway);
        for (var i = 0; i < 6; i++)
            Assert.Contains(user.ToString(), await client.GetStringAsync(new Uri("/api/users/me", UriKind.Relative)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_process_that_is_told_to_stop_says_so_and_goes_on_serving_until_its_drain_time_is_over()
    {
        var clock = new TestClock();
        var gateway = await running.StartAsync(services => services.Replace(ServiceDescriptor.Singleton<TimeProvider>(clock)), ("Shutdown:Drain", "00:00:07"));
        using var client = running.Client(gateway: gateway);
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync(new Uri("/health", UriKind.Relative))).StatusCode);

        var stopping = gateway.DisposeAsync().AsTask();
        await Eventually.GetAsync(async () => (await client.GetAsync(new Uri("/health", UriKind.Relative))).StatusCode, status => status == HttpStatusCode.ServiceUnavailable);
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync(Photos)).StatusCode);
        Assert.Equal("Healthy", await client.GetStringAsync(new Uri("/alive", UriKind.Relative)));
        Assert.False(stopping.IsCompleted);

        clock.Advance(TimeSpan.FromSeconds(7));
        await stopping;
        await Assert.ThrowsAsync<HttpRequestException>(() => client.GetAsync(Photos));
    }

    /// <summary>A gateway before two replicas of Media, both on the same echo; each can be cut.</summary>
    private sealed class TwoReplicas(RunningService gateway, HttpClient client, EchoServer first, EchoServer echo, TcpRelay second) : IAsyncDisposable
    {
        private readonly HashSet<int> _seen = [];

        public RunningService Gateway => gateway;

        public HttpClient Client => client;

        public (int Port, EchoServer Server) First => (new Uri(first.Address).Port, first);

        public TcpRelay Second => second;

        public static async Task<TwoReplicas> StartAsync(RunningGateway running, params (string Name, string? Value)[] settings)
        {
            var (first, echo) = (await EchoServer.StartAsync(), await EchoServer.StartAsync());
            var second = new TcpRelay("127.0.0.1", new Uri(echo.Address).Port);
            var gateway = await running.StartAsync([("services:media:http:0", first.Address), ("services:media:http:1", $"http://127.0.0.1:{second.Port}"), .. settings]);
            return new TwoReplicas(gateway, running.Client(gateway: gateway), first, echo, second);
        }

        public async Task<Echo> EchoAsync() => (await client.GetFromJsonAsync<Echo>(Photos))!;

        public bool SeenBoth(int port) => _seen.Add(port) && _seen.Count == 2;

        public async ValueTask DisposeAsync()
        {
            client.Dispose();
            await gateway.DisposeAsync();
            await second.DisposeAsync();
            await first.DisposeAsync();
            await echo.DisposeAsync();
        }
    }

    /// <summary>Reads each request whole and then closes the connection; only probes get an answer.</summary>
    private sealed class BrokenServer : IAsyncDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        private readonly Task _accepting;

        public BrokenServer()
        {
            _listener.Start();
            _accepting = AcceptAsync();
        }

        public string Address => $"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}";

        /// <summary>The methods of the requests.</summary>
        public ConcurrentQueue<string> Requests { get; } = [];

        public async ValueTask DisposeAsync()
        {
            _listener.Dispose();
            await _accepting;
        }

        private async Task AcceptAsync()
        {
            try
            {
                while (true)
                    _ = AnswerAsync(await _listener.AcceptTcpClientAsync());
            }
            catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
            {
                // The test is over.
            }
        }

        private async Task AnswerAsync(TcpClient client)
        {
            using (client)
            {
                using var reader = new StreamReader(client.GetStream(), Encoding.Latin1);
                var request = await reader.ReadLineAsync() ?? "";
                var length = 0;
                while (await reader.ReadLineAsync() is { Length: > 0 } header)
                {
                    if (header.StartsWith("Content-Length:", StringComparison.OrdinalIgnoreCase))
                        length = int.Parse(header["Content-Length:".Length..], System.Globalization.CultureInfo.InvariantCulture);
                }
                if (length > 0)
                    await reader.ReadBlockAsync(new char[length]);
                if (request.Contains("/health", StringComparison.Ordinal))
                    await client.GetStream().WriteAsync("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"u8.ToArray());
                else if (request.Length > 0)
                    Requests.Enqueue(request.Split(' ')[0]);
            }
        }
    }
}
