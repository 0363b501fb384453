using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Logging;
using PhotoPlatform.Contracts;
using PhotoPlatform.ServiceDefaults.Identity;
using PhotoPlatform.Testing;

namespace PhotoPlatform.Notifier.Tests;

/// <summary>How streams end.</summary>
public sealed class StreamLifeTests(RunningNotifier notifier) : IClassFixture<RunningNotifier>
{
    private static readonly string[] SessionEnded = ["event: session-ended", "data: {}"];

    [Fact]
    public async Task A_session_that_ends_takes_its_streams_along_on_every_replica_and_no_others()
    {
        await using var other = await notifier.StartAsync();
        var (user, live) = (RunningNotifier.NewUser(), Guid.NewGuid());
        using var untouched = await EventStream.OpenAsync(other, user, session: live);
        var watch = Stopwatch.StartNew();
        for (var round = 0; round < 10; round++)
        {
            var ended = Guid.NewGuid();
            using var here = await EventStream.OpenAsync(notifier.Service, user, session: ended);
            using var there = await EventStream.OpenAsync(other, user, session: ended);
            await notifier.Bus.PublishAsync(new SessionRevoked(user, ended, Now()));
            foreach (var stream in new[] { here, there })
            {
                Assert.Equal(SessionEnded, await stream.BlockAsync());
                Assert.Null(await stream.BlockAsync());
            }
        }
        // Each is taken by one of the two; by polling alone the other would learn of each 5 s late.
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(25), $"{watch.Elapsed}");
        await notifier.Bus.PublishAsync(new PhotoReady(Guid.NewGuid(), user, 1, null, Now()));
        Assert.Equal("photo-ready", await untouched.NextTypeAsync());
    }

    [Fact]
    public async Task Whoever_comes_back_with_an_ended_session_that_the_gateway_still_takes_for_live_is_told_to_sign_in()
    {
        var (user, session) = (RunningNotifier.NewUser(), Guid.NewGuid());
        using (var stream = await EventStream.OpenAsync(notifier.Service, user, session: session))
        {
            await notifier.Bus.PublishAsync(new SessionRevoked(user, session, Now()));
            Assert.Equal(SessionEnded, await stream.BlockAsync());
        }
        using var client = notifier.Service.Client(user, session);
        using var refused = await client.GetAsync(new Uri("/api/events", UriKind.Relative));
        Assert.Equal((HttpStatusCode.Unauthorized, "application/problem+json"), (refused.StatusCode, refused.Content.Headers.ContentType!.MediaType));
    }

    [Fact]
    public async Task Streams_that_open_while_their_session_ends_end_too()
    {
        var user = RunningNotifier.NewUser();
        for (var round = 0; round < 20; round++)
        {
            var session = Guid.NewGuid();
            using var client = notifier.Service.Client(user, session);
            var opening = Enumerable.Range(0, 4).Select(_ => client.GetAsync(new Uri("/api/events", UriKind.Relative))).ToArray();
            await notifier.Bus.PublishAsync(new SessionRevoked(user, session, Now()));
            // Each answer is whole: the stream was refused, or has ended.
            foreach (var answer in await Task.WhenAll(opening))
            {
                var text = await answer.Content.ReadAsStringAsync();
                Assert.True(answer.StatusCode == HttpStatusCode.Unauthorized || text.EndsWith("event: session-ended\ndata: {}\n\n", StringComparison.Ordinal), $"{answer.StatusCode}: {text}");
            }
        }
    }

    [Fact]
    public async Task The_eleventh_stream_of_a_user_closes_the_first_which_waits_a_minute()
    {
        var user = RunningNotifier.NewUser();
        var streams = new List<EventStream>();
        for (var i = 0; i < 11; i++)
            streams.Add(await EventStream.OpenAsync(notifier.Service, user));
        Assert.Equal(["retry: 60000", "event: displaced", "data: {}"], await streams[0].BlockAsync());
        Assert.Null(await streams[0].BlockAsync());
        await notifier.Bus.PublishAsync(new PhotoReady(Guid.NewGuid(), user, 1, null, Now()));
        foreach (var stream in streams[1..])
            Assert.Equal("photo-ready", await stream.NextTypeAsync());
        streams.ForEach(stream => stream.Dispose());
    }

    [Fact]
    public async Task A_stream_moves_to_another_replica_without_loss_or_repetition()
    {
        var user = RunningNotifier.NewUser();
        var replicas = new[] { await notifier.StartAsync(), await notifier.StartAsync() };
        var publishing = Task.Run(async () =>
        {
            for (var i = 0; i < 120; i++)
                await notifier.Bus.PublishAsync(new PhotoReady(Guid.NewGuid(), user, 1, null, Now()));
        });
        var last = 0L;
        for (var move = 0; move < 4; move++)
        {
            using var stream = await EventStream.OpenAsync(replicas[move % 2], user, last.ToString(CultureInfo.InvariantCulture));
            while (last < 30 * (move + 1))
                Assert.Equal(++last, (await stream.NextAsync()).Id);
            // The second half of the way, one of the two is gone.
            if (move == 2)
                await replicas[0].DisposeAsync();
        }
        await publishing;
        await replicas[1].DisposeAsync();
        Assert.Equal(120, last);
    }

    [Fact]
    public async Task A_reader_that_does_not_read_is_cut_off_and_costs_no_memory()
    {
        var user = RunningNotifier.NewUser();
        await notifier.Environment.QueryAsync<int>("notifier", $"""
            INSERT INTO event_counters (user_id, last_seq) VALUES ('{user}', 50000);
            INSERT INTO events (user_id, seq, type, payload, at) SELECT '{user}', n, 'photo-ready', jsonb_build_object('filler', repeat('x', 1000)), now() FROM generate_series(1, 50000) AS n;
            """);
        var ended = new ConcurrentQueue<string>();
        using var listener = new MeterListener { InstrumentPublished = (instrument, listening) => { if (instrument.Name == "notifier.streams.ended") listening.EnableMeasurementEvents(instrument); } };
        listener.SetMeasurementEventCallback<int>((_, _, tags, _) => ended.Enqueue((string)tags[0].Value!));
        listener.Start();

        using var socket = new TcpClient();
        socket.ReceiveBufferSize = 4096;
        await socket.ConnectAsync(notifier.Service.Address.Host, notifier.Service.Address.Port);
        var identity = new IdentitySigner(Encoding.UTF8.GetBytes(TestEnvironment.IdentityKey), notifier.Clock).Sign("notifier", user, Guid.NewGuid());
        await socket.GetStream().WriteAsync(Encoding.ASCII.GetBytes($"GET /api/events?lastEventId=0 HTTP/1.1\r\nHost: x\r\n{IdentitySigner.Header}: {identity}\r\n\r\n"));
        // Until the stream is open the clock stands, for the identity is good for a minute only.
        await socket.GetStream().ReadExactlyAsync(new byte[64]);
        var before = GC.GetTotalMemory(forceFullCollection: true);
        await Eventually.GetAsync(() =>
        {
            notifier.Clock.Advance(TimeSpan.FromSeconds(5));
            return Task.FromResult(ended.ToArray());
        }, reasons => reasons.Contains("slow"));
        Assert.InRange(GC.GetTotalMemory(forceFullCollection: true) - before, long.MinValue, 20_000_000);
        Assert.Contains(notifier.Service.Logs.All, line => line.Level == LogLevel.Warning && line.Message.Contains($"{user}", StringComparison.Ordinal) && line.Message.Contains("cut off", StringComparison.Ordinal));
        // What the kernel had taken over may still come, then the connection is broken.
        var (buffer, received) = (new byte[64 * 1024], 0L);
        await Assert.ThrowsAsync<IOException>(async () =>
        {
            while (await socket.GetStream().ReadAsync(buffer) is var count and > 0)
                received += count;
            throw new IOException("It ended.");
        });
        Assert.InRange(received, 0, 20_000_000);
    }

    private static DateTimeOffset Now() => TimeProvider.System.GetUtcNow();
}
