using System.Globalization;
using System.Net;
using PhotoPlatform.Testing;

namespace PhotoPlatform.Notifier.Tests;

/// <summary>An event as a browser gets it.</summary>
public sealed record StreamedEvent(string Type, long Id, string Data);

/// <summary>A reader of <c>GET /api/events</c> (server-sent events, WHATWG HTML 9.2).</summary>
public sealed class EventStream : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);
    private readonly HttpClient _client;
    private readonly StreamReader _reader;

    private EventStream(HttpClient client, HttpResponseMessage response, StreamReader reader) => (_client, Response, _reader) = (client, response, reader);

    public HttpResponseMessage Response { get; }

    /// <summary>The id that the stream began with: what a browser would resume from.</summary>
    public long StartId { get; private set; }

    /// <summary>Opens the stream and reads its beginning, so that it misses nothing from now on.</summary>
    /// <param name="service">The replica.</param>
    /// <param name="user">Whose stream.</param>
    /// <param name="lastEventId">The header, if any.</param>
    /// <param name="session">The caller's session, or any.</param>
    /// <param name="query">A query string.</param>
    public static async Task<EventStream> OpenAsync(RunningService service, Guid user, string? lastEventId = null, Guid? session = null, string query = "")
    {
        var client = service.Client(user, session);
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/api/events{query}");
        if (lastEventId is not null)
            request.Headers.TryAddWithoutValidation("Last-Event-ID", lastEventId);
        var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        var stream = new EventStream(client, response, new StreamReader(await response.Content.ReadAsStreamAsync()));
        var start = await stream.BlockAsync();
        Assert.Equal("retry: 1000", start![0]);
        stream.StartId = long.Parse(start[1]["id: ".Length..], CultureInfo.InvariantCulture);
        return stream;
    }

    /// <summary>The next event.</summary>
    public async Task<StreamedEvent> NextAsync()
    {
        var lines = await BlockAsync() ?? throw new EndOfStreamException();
        Assert.Equal(["event", "id", "data"], lines.Select(line => line.Split(": ")[0]));
        var values = lines.Select(line => line.Split(": ", 2)[1]).ToArray();
        return new StreamedEvent(values[0], long.Parse(values[1], CultureInfo.InvariantCulture), values[2]);
    }

    /// <summary>The next event's type.</summary>
    public async Task<string> NextTypeAsync() => (await NextAsync()).Type;

    /// <summary>The lines up to the next empty one, or null when the stream has ended.</summary>
    public async Task<IReadOnlyList<string>?> BlockAsync()
    {
        using var limit = new CancellationTokenSource(Limit);
        var lines = new List<string>();
        while (await _reader.ReadLineAsync(limit.Token) is { } line)
        {
            if (line.Length == 0)
                return lines;
            lines.Add(line);
        }
        return null;
    }

    public void Dispose()
    {
        _reader.Dispose();
        Response.Dispose();
        _client.Dispose();
    }
}
