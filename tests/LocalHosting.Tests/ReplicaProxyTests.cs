using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace PhotoPlatform.LocalHosting.Tests;

/// <summary>The one address before the replicas of a project, as clients see it.</summary>
public sealed class ReplicaProxyTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Connections_go_to_the_replicas_in_turn()
    {
        await using var test = new TestApplication();
        var thrice = test.WebService("thrice").WithReplicas(3);
        await test.StartAsync("thrice");

        var answers = new List<int>();
        for (var i = 0; i < 12; i++)
            answers.Add(await TestApplication.GetAsync<int>(thrice, "/pid"));

        Assert.All(answers.CountBy(pid => pid), replica => Assert.Equal(4, replica.Value));
        Assert.Equal(3, answers.Distinct().Count());
        Assert.Equal(answers.Take(3), answers.Skip(3).Take(3));
    }

    [Fact]
    public async Task No_request_fails_while_replicas_come_and_go()
    {
        await using var test = new TestApplication();
        var service = test.WebService("service").WithArgs("drain").WithReplicas(1);
        await test.StartAsync("service");
        var address = new Uri(service.GetEndpoint("http").Url + "/pid");
        var failures = new ConcurrentQueue<string>();
        var pids = new ConcurrentDictionary<string, int>();
        using var end = new CancellationTokenSource();
        using var pooled = new HttpClient();
        using var unpooled = new HttpClient(new SocketsHttpHandler { PooledConnectionLifetime = TimeSpan.Zero });
        var clients = Task.WhenAll([.. Enumerable.Range(0, 4).Select(_ => CallAsync(pooled, HttpMethod.Get)),
            .. Enumerable.Range(0, 2).Select(_ => CallAsync(unpooled, HttpMethod.Get)), .. Enumerable.Range(0, 2).Select(_ => CallAsync(unpooled, HttpMethod.Post))]);

        foreach (var replicas in new[] { 4, 1, 3, 2, 4, 1 })
        {
            await test.ScaleAsync("service", replicas).WaitAsync(Limit);
            await test.Notifications.WaitForResourceHealthyAsync("service").WaitAsync(Limit);
            // Everybody has been answered by this set of replicas.
            var before = pids.Values.Sum();
            await Eventually.TrueAsync(() => pids.Values.Sum() >= before + 50 || !failures.IsEmpty, Limit);
        }
        await end.CancelAsync();
        await clients.WaitAsync(Limit);

        Assert.Empty(failures);
        Assert.InRange(pids.Count, 4, 8);

        async Task CallAsync(HttpClient client, HttpMethod method)
        {
            while (!end.IsCancellationRequested)
            {
                try
                {
                    using var request = new HttpRequestMessage(method, address);
                    if (method == HttpMethod.Post)
                        request.Content = new StringContent("something to lose");
                    using var answer = await client.SendAsync(request);
                    pids.AddOrUpdate(await answer.EnsureSuccessStatusCode().Content.ReadAsStringAsync(), 1, (_, count) => count + 1);
                }
                catch (HttpRequestException exception)
                {
                    failures.Enqueue($"{method}: {exception}");
                }
            }
        }
    }

    [Fact]
    public async Task Connections_are_parked_while_no_replica_listens_and_more_than_twenty_are_refused()
    {
        await using var test = new TestApplication();
        var service = test.WebService("service").WithReplicas(1);
        await test.StartAsync("service");
        await test.ScaleAsync("service", 0).WaitAsync(Limit);
        var address = new Uri(service.GetEndpoint("http").Url + "/pid");
        using var client = new HttpClient(new SocketsHttpHandler { MaxConnectionsPerServer = 100 });

        var waiting = Enumerable.Range(0, 25).Select(_ => client.GetStringAsync(address)).ToList();
        for (var refused = 0; refused < 5; refused++)
        {
            var answered = await Task.WhenAny(waiting).WaitAsync(Limit);
            await Assert.ThrowsAsync<HttpRequestException>(() => answered);
            waiting.Remove(answered);
        }
        Assert.All(waiting, request => Assert.False(request.IsCompleted));

        await test.ScaleAsync("service", 1).WaitAsync(Limit);
        Assert.Single((await Task.WhenAll(waiting).WaitAsync(Limit)).Distinct());
    }

    [Fact]
    public async Task A_killed_replica_gets_no_connections_until_it_is_back()
    {
        await using var test = new TestApplication();
        var twice = test.WebService("twice").WithReplicas(2);
        await test.StartAsync("twice");
        var first = await TestApplication.GetAsync<int>(twice, "/pid");
        var second = await TestApplication.GetAsync<int>(twice, "/pid");
        var restarting = test.Notifications.WaitForResourceAsync("twice", change => change.Snapshot.HealthReports.Any(report => report.Description?.EndsWith("restarting", StringComparison.Ordinal) ?? false));

        using var killed = Process.Start("kill", ["-9", first.ToString(CultureInfo.InvariantCulture)]);
        await restarting.WaitAsync(Limit);
        var meanwhile = new List<int>();
        for (var i = 0; i < 4; i++)
            meanwhile.Add(await TestApplication.GetAsync<int>(twice, "/pid"));
        await test.Notifications.WaitForResourceHealthyAsync("twice").WaitAsync(Limit);

        Assert.DoesNotContain(first, meanwhile);
        Assert.Contains(second, meanwhile);
        int[] after = [await TestApplication.GetAsync<int>(twice, "/pid"), await TestApplication.GetAsync<int>(twice, "/pid")];
        Assert.Equal(2, after.Distinct().Count());
        Assert.DoesNotContain(first, after);
    }

    [Fact]
    public async Task A_fixed_port_is_the_one_before_the_replicas()
    {
        using var reserved = Reserved();
        var port = ((IPEndPoint)reserved.LocalEndpoint).Port;
        await using (var taken = new TestApplication())
        {
            taken.Service("twice").WithHttpEndpoint(port: port).WithReplicas(2);
            var failure = await Assert.ThrowsAsync<DistributedApplicationException>(() => taken.Application.StartAsync());
            Assert.StartsWith($"twice: port {port} of endpoint 'http' is taken by process {Environment.ProcessId} (", failure.Message, StringComparison.Ordinal);
        }
        reserved.Stop();

        await using var test = new TestApplication();
        var twice = test.Service("twice").WithHttpEndpoint(port: port).WithHttpHealthCheck("/health").WithReplicas(2);
        await test.StartAsync("twice");
        using var client = new HttpClient();
        Assert.Equal($"http://localhost:{port}", twice.GetEndpoint("http").Url);
        Assert.NotEqual("", await client.GetStringAsync(new Uri($"http://127.0.0.1:{port}/pid")));
        if (File.Exists("/proc/net/if_inet6") && (await File.ReadAllTextAsync("/proc/net/if_inet6")).StartsWith("00000000000000000000000000000001", StringComparison.Ordinal))
            Assert.NotEqual("", await client.GetStringAsync(new Uri($"http://[::1]:{port}/pid")));
    }

    [Fact]
    public async Task The_end_of_one_direction_and_a_reset_are_passed_on()
    {
        await using var test = new TestApplication();
        var service = test.WebService("service").WithEndpoint(name: "raw", scheme: "tcp", env: "RAW_PORT").WithReplicas(1);
        await test.StartAsync("service");
        var port = service.GetEndpoint("raw").Port;
        var buffer = new byte[100];

        // More than all buffers on the way hold; the answer comes only after the client's end.
        using (var client = await HelloAsync())
        {
            var sent = Encoding.UTF8.GetBytes(new string('x', 1_000_000));
            for (var i = 0; i < 20; i++)
                await client.SendAsync(sent).WaitAsync(Limit);
            client.Shutdown(SocketShutdown.Send);
            Assert.Equal("20000000", Encoding.UTF8.GetString(buffer, 0, await client.ReceiveAsync(buffer).WaitAsync(Limit)));
            Assert.Equal(0, await client.ReceiveAsync(buffer).WaitAsync(Limit));
        }
        using (var client = await HelloAsync())
        {
            await client.SendAsync("."u8.ToArray());
            Assert.Equal(0, await client.ReceiveAsync(buffer).WaitAsync(Limit));
        }
        using (var client = await HelloAsync())
        {
            await client.SendAsync("!"u8.ToArray());
            var reset = await Assert.ThrowsAsync<SocketException>(() => client.ReceiveAsync(buffer).WaitAsync(Limit));
            Assert.Equal(SocketError.ConnectionReset, reset.SocketErrorCode);
        }

        // Nobody speaks first in HTTP but the client; here the server does.
        async Task<Socket> HelloAsync()
        {
            var client = new Socket(SocketType.Stream, ProtocolType.Tcp);
            await client.ConnectAsync(IPAddress.Loopback, port);
            Assert.Equal("hello", Encoding.UTF8.GetString(buffer, 0, await client.ReceiveAsync(buffer).WaitAsync(Limit)));
            return client;
        }
    }

    /// <summary>Holds a port which the system gives to no outgoing connection, so that it stays free when it is let go.</summary>
    private static TcpListener Reserved()
    {
        for (var port = Random.Shared.Next(30_000, 32_000); ; port++)
        {
            var listener = new TcpListener(IPAddress.Loopback, port);
            try
            {
                listener.Start();
                return listener;
            }
            catch (SocketException exception) when (exception.SocketErrorCode == SocketError.AddressAlreadyInUse)
            {
                listener.Dispose();
            }
        }
    }
}
