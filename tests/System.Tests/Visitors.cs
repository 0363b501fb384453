using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Text.Json;
using PhotoPlatform.Testing;
using PhotoPlatform.TestImages;

namespace PhotoPlatform.SystemTests;

/// <summary>People who go on using the platform while something happens to it: they upload, read, sign in, and one has a stream of events open.</summary>
internal sealed class Visitors : IAsyncDisposable
{
    private const int MostUnfinished = 4;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan BetweenReads = TimeSpan.FromMilliseconds(25);
    private static readonly TimeSpan BetweenSignIns = TimeSpan.FromMilliseconds(500);
    private readonly CancellationTokenSource _end = new();
    private readonly ConcurrentQueue<string> _failedReads = [];
    private readonly ConcurrentQueue<Guid> _acknowledged = [];
    private readonly ConcurrentQueue<StreamedEvent> _events = [];
    private readonly ConcurrentDictionary<Guid, int> _told = [];
    private readonly Person _person;
    private readonly Person _other;
    private readonly string _rendition;
    private readonly Task _all;
    private volatile bool _isFull;
    private int _reads, _signIns;

    private Visitors(Person person, Person other, string rendition)
    {
        (_person, _other, _rendition) = (person, other, rendition);
        _all = Task.WhenAll(UploadAsync(), ReadAsync(), SignInAsync(), StreamAsync());
    }

    /// <summary>What should have changed nothing and was not answered with success.</summary>
    public IReadOnlyCollection<string> FailedReads => _failedReads;

    /// <summary>The uploads that were answered 202.</summary>
    public IReadOnlyCollection<Guid> Acknowledged => _acknowledged;

    /// <summary>What the stream brought, over all its connections.</summary>
    public IReadOnlyCollection<StreamedEvent> Events => _events;

    public static async Task<Visitors> ArriveAsync(Platform platform)
    {
        var (person, other) = (await Person.SignUpAsync(platform), await Person.SignUpAsync(platform));
        var photo = await other.SettledAsync(await other.UploadAsync(Picture.Photo(64, 64).ToJpeg()));
        return new Visitors(person, other, photo.Renditions[0].Url);
    }

    /// <summary>Returns when everybody has done a good deal more.</summary>
    public async Task GoOnAsync()
    {
        var (reads, uploads, signIns, events) = (_reads + 40, _acknowledged.Count + 5, _signIns + 2, _events.Count + 5);
        await UntilAsync(() => _reads >= reads && _acknowledged.Count >= uploads && _signIns >= signIns && _events.Count >= events);
    }

    /// <summary>Returns when this has come about; fails with the visitors if one of them fails.</summary>
    public async Task UntilAsync(Func<bool> isDone)
    {
        if (await Task.WhenAny(_all, Eventually.GetAsync(() => Task.FromResult(isDone()), done => done, Patience)) is var first && first == _all)
            await _all;
        await first;
    }

    /// <summary>No more uploads; returns when every acknowledged photo is settled and has been told of.</summary>
    public async Task<IReadOnlyList<Photo>> FinishAsync()
    {
        _isFull = true;
        var photos = new List<Photo>();
        foreach (var id in _acknowledged)
            photos.Add(await _person.SettledAsync(id));
        await UntilAsync(() => _acknowledged.All(id => Told(id) > 0));
        // A last event behind all others: whatever would be told twice has been by then.
        using var deleted = await _person.Http.DeleteAsync($"/api/photos/{photos[0].Id}");
        deleted.EnsureSuccessStatusCode();
        await UntilAsync(() => _events.Any(e => e.Type == "photo-deleted"));
        return photos;
    }

    /// <summary>How often the stream said that the photo is ready.</summary>
    public int Told(Guid id) => _told.GetValueOrDefault(id);

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await _all.ContinueWith(_ => { }, TaskScheduler.Default);
        _person.Dispose();
        _other.Dispose();
        _end.Dispose();
    }

    private async Task UploadAsync()
    {
        for (var seed = 1; !_end.IsCancellationRequested; seed++)
        {
            await Eventually.GetAsync(() => Task.FromResult(_acknowledged.Count(id => Told(id) == 0)), open => (open < MostUnfinished && !_isFull) || _end.IsCancellationRequested, Patience);
            if (_end.IsCancellationRequested)
                return;
            try
            {
                using var response = await _person.PostAsync(Picture.Photo(96, 64, seed: seed).ToJpeg());
                if (response.StatusCode == HttpStatusCode.Accepted)
                    _acknowledged.Enqueue(Guid.Parse(response.Headers.Location!.ToString().Split('/')[^1]));
            }
            catch (HttpRequestException)
            {
                // Not acknowledged: the person would try again.
            }
        }
    }

    private async Task ReadAsync()
    {
        string[] pages = ["/api/photos", "/api/users/me", _rendition, "/api/events"];
        using var pace = new PeriodicTimer(BetweenReads);
        for (var i = 0; !_end.IsCancellationRequested && await pace.WaitForNextTickAsync(); i++)
        {
            await TryReadAsync(_other.Http, pages[i % pages.Length]);
            _reads++;
        }
    }

    private async Task SignInAsync()
    {
        using var pace = new PeriodicTimer(BetweenSignIns);
        while (!_end.IsCancellationRequested && await pace.WaitForNextTickAsync())
        {
            try
            {
                await _other.SignInAsync();
                await TryReadAsync(_other.Http, "/api/users/me");
                _signIns++;
            }
            catch (HttpRequestException)
            {
                // Not signed in: the person would try again.
            }
        }
    }

    private async Task TryReadAsync(HttpClient http, string page)
    {
        try
        {
            // Of a stream only its beginning.
            using var response = await http.GetAsync(new Uri(page, UriKind.Relative), page == "/api/events" ? HttpCompletionOption.ResponseHeadersRead : HttpCompletionOption.ResponseContentRead);
            if (response.StatusCode != HttpStatusCode.OK)
                _failedReads.Enqueue($"{page}: {(int)response.StatusCode} {await response.Content.ReadAsStringAsync()}");
        }
        catch (Exception exception) when (exception is HttpRequestException or OperationCanceledException)
        {
            _failedReads.Enqueue($"{page}: {exception.Message}");
        }
    }

    private void Received(StreamedEvent streamed)
    {
        if (streamed.Type == "photo-ready")
            _told.AddOrUpdate(JsonSerializer.Deserialize<JsonElement>(streamed.Data).GetProperty("photoId").GetGuid(), 1, (_, count) => count + 1);
        _events.Enqueue(streamed);
    }

    /// <summary>As a browser's EventSource: reads, and when the connection ends comes back with the last id.</summary>
    private async Task StreamAsync()
    {
        for (var last = "0"; !_end.IsCancellationRequested;)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/api/events");
            request.Headers.Add("Last-Event-ID", last);
            try
            {
                using var response = await _person.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, _end.Token);
                if (response.StatusCode != HttpStatusCode.OK)
                    _failedReads.Enqueue($"the stream: {(int)response.StatusCode}");
                using var lines = new StreamReader(await response.Content.ReadAsStreamAsync(_end.Token));
                var (type, id) = ("", "");
                while (await lines.ReadLineAsync(_end.Token) is { } line)
                {
                    if (line.StartsWith("event: ", StringComparison.Ordinal))
                        type = line["event: ".Length..];
                    else if (line.StartsWith("id: ", StringComparison.Ordinal))
                        id = line["id: ".Length..];
                    else if (line.StartsWith("data: ", StringComparison.Ordinal))
                    {
                        Received(new StreamedEvent(long.Parse(id, CultureInfo.InvariantCulture), type, line["data: ".Length..]));
                        last = id;
                    }
                }
            }
            catch (Exception exception) when (exception is HttpRequestException or IOException)
            {
                // A connection that breaks is what Last-Event-ID is for.
            }
            catch (OperationCanceledException) when (_end.IsCancellationRequested)
            {
                return;
            }
        }
    }
}

/// <summary>An event as the stream brought it.</summary>
internal sealed record StreamedEvent(long Id, string Type, string Data);
