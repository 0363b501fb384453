using System.Collections.Concurrent;
using System.Text.Json;
using System.Threading.Channels;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace PhotoPlatform.Gateway.Tests;

/// <summary>The AppHost's control address, as far as a gateway uses it: it tells who the replicas of a service are. Of a service that no test has set, none.</summary>
public sealed class ControlServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly Lock _lock = new();
    private readonly Dictionary<string, string> _events = [];
    private readonly ConcurrentDictionary<HttpContext, (string Service, Channel<string> Texts)> _open = [];
    private int _asked;

    private ControlServer(WebApplication app) => _app = app;

    public string Address => _app.Urls.First();

    /// <summary>How often it was asked, for any service.</summary>
    public int Asked => _asked;

    /// <summary>How many answers are open.</summary>
    public int Open => _open.Count;

    /// <summary>What it does with a request instead of answering it.</summary>
    public RequestDelegate? Instead { get; set; }

    public static async Task<ControlServer> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var server = new ControlServer(builder.Build());
        server._app.MapGet("/api/resources/{name}/addresses", server.AnswerAsync);
        await server._app.StartAsync();
        return server;
    }

    /// <summary>These are a service's replicas from now on.</summary>
    public void Set(string service, params string[] addresses)
    {
        lock (_lock)
            Say(service, _events[service] = Event(addresses));
    }

    /// <summary>Writes this into the open answers about a service.</summary>
    public void Say(string service, string text)
    {
        foreach (var (_, answer) in _open.Where(answer => answer.Value.Service == service))
            answer.Texts.Writer.TryWrite(text);
    }

    /// <summary>Breaks every connection.</summary>
    public void Break()
    {
        foreach (var (context, _) in _open)
            context.Abort();
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync(new CancellationToken(canceled: true));
        await _app.DisposeAsync();
    }

    private static string Event(string[] addresses) => $"data: {JsonSerializer.Serialize(new { addresses })}\n\n";

    private async Task AnswerAsync(HttpContext context)
    {
        Interlocked.Increment(ref _asked);
        if (Instead is { } instead)
        {
            await instead(context);
            return;
        }
        var service = (string)context.Request.RouteValues["name"]!;
        var texts = Channel.CreateUnbounded<string>();
        lock (_lock)
        {
            texts.Writer.TryWrite(_events.GetValueOrDefault(service, Event([])));
            _open[context] = (service, texts);
        }
        try
        {
            Assert.Equal("http", context.Request.Query["endpoint"]);
            context.Response.ContentType = "text/event-stream";
            await foreach (var text in texts.Reader.ReadAllAsync(context.RequestAborted))
            {
                await context.Response.WriteAsync(text, context.RequestAborted);
                await context.Response.Body.FlushAsync(context.RequestAborted);
            }
        }
        catch (OperationCanceledException)
        {
            // The gateway has gone, or the test broke the connection.
        }
        finally
        {
            _open.TryRemove(context, out _);
        }
    }
}
