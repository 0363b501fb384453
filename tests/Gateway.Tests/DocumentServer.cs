using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace PhotoPlatform.Gateway.Tests;

/// <summary>A service of which only the API description can be asked.</summary>
public sealed class DocumentServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private int _asked;

    private DocumentServer(WebApplication app, string document) => (_app, Document) = (app, document);

    public string Address => _app.Urls.First();

    /// <summary>What it answers; null for an error.</summary>
    public string? Document { get; set; }

    /// <summary>How often it was asked.</summary>
    public int Asked => _asked;

    public static async Task<DocumentServer> StartAsync(string document)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var server = new DocumentServer(builder.Build(), document);
        server._app.MapGet("/internal/openapi.json", () =>
        {
            Interlocked.Increment(ref server._asked);
            return server.Document is { } text ? Results.Text(text, "application/json") : Results.StatusCode(StatusCodes.Status500InternalServerError);
        });
        await server._app.StartAsync();
        return server;
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
    }
}
