using System.Collections.Concurrent;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace PhotoPlatform.SystemTests;

/// <summary>Takes OTLP over HTTP and keeps the raw trace exports.</summary>
public sealed class TraceCollector : IAsyncDisposable
{
    private readonly ConcurrentQueue<byte[]> _exports = new();
    private readonly WebApplication _app;

    private TraceCollector(WebApplication app) => _app = app;

    public Uri Address => new(_app.Urls.First());

    public static async Task<TraceCollector> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        var app = builder.Build();
        var collector = new TraceCollector(app);
        app.MapPost("/v1/traces", async (HttpRequest request) =>
        {
            using var body = new MemoryStream();
            await request.Body.CopyToAsync(body);
            collector._exports.Enqueue(body.ToArray());
        });
        app.MapPost("/v1/{signal}", () => Results.Ok());
        await app.StartAsync();
        return collector;
    }

    /// <summary>Which of the services sent a span of this trace: the 16 bytes of its id and the service's name stand in one export.</summary>
    public IReadOnlyList<string> ServicesOf(string traceId, params string[] services)
    {
        var id = Convert.FromHexString(traceId);
        var exports = _exports.Where(export => export.AsSpan().IndexOf(id) >= 0).ToArray();
        return [.. services.Where(service => exports.Any(export => export.AsSpan().IndexOf(Encoding.UTF8.GetBytes(service)) >= 0))];
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}
