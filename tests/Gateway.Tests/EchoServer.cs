using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace PhotoPlatform.Gateway.Tests;

/// <summary>A service behind the gateway that answers with what it got.</summary>
public sealed class EchoServer : IAsyncDisposable
{
    private readonly WebApplication _app;

    private int _probes;

    private EchoServer(WebApplication app) => _app = app;

    public string Address => _app.Urls.First();

    /// <summary>Whether it tells probes that it stops.</summary>
    public bool IsStopping { get; set; }

    /// <summary>How many probes have come.</summary>
    public int Probes => _probes;

    public static async Task<EchoServer> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Limits.MaxRequestBodySize = null);
        var app = builder.Build();
        var server = new EchoServer(app);
        app.Map("/health", () =>
        {
            Interlocked.Increment(ref server._probes);
            return Results.StatusCode(server.IsStopping ? 503 : 200);
        });
        app.Map("/api/photos/problem", () => Results.Problem(statusCode: 422, detail: "The picture is too large.", extensions: new Dictionary<string, object?> { ["code"] = "too-many-pixels" }));
        app.Map("/media/policy", (HttpResponse response) =>
        {
            response.Headers.ContentSecurityPolicy = "default-src 'none'; sandbox";
            response.Headers.CacheControl = "public, max-age=1";
            return "x";
        });
        app.Map("/api/events", async (HttpContext http) =>
        {
            http.Response.ContentType = "text/event-stream";
            await http.Response.WriteAsync("id: 1\n\n");
            await http.Response.Body.FlushAsync();
            await Task.Delay(Timeout.Infinite, http.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        });
        app.MapFallback(async (HttpRequest request) =>
        {
            using var body = new MemoryStream();
            await request.Body.CopyToAsync(body);
            return Results.Json(new Echo(request.Method, request.Path, request.QueryString.Value ?? "", body.Length,
                request.Headers.ToDictionary(header => header.Key.ToLowerInvariant(), header => header.Value.ToString()), request.HttpContext.Connection.LocalPort), JsonSerializerOptions.Web);
        });
        await app.StartAsync();
        return server;
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync(new CancellationToken(canceled: true));
        await _app.DisposeAsync();
    }
}

/// <summary>What a service got, header names in lower case, and the port on which it got that.</summary>
public sealed record Echo(string Method, string Path, string Query, long Bytes, Dictionary<string, string> Headers, int Port);
