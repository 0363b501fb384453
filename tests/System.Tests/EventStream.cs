namespace PhotoPlatform.SystemTests;

/// <summary>A stream of server-sent events that is being read.</summary>
public sealed class EventStream(HttpResponseMessage response, Stream body) : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);
    private readonly StreamReader _lines = new(body);

    /// <summary>The data of the next event of a type; those before it are passed over.</summary>
    public async Task<string> DataOfAsync(string type)
    {
        for (var current = ""; await NextAsync() is { } line;)
        {
            if (line.StartsWith("event: ", StringComparison.Ordinal))
                current = line["event: ".Length..];
            else if (line.StartsWith("data: ", StringComparison.Ordinal) && current == type)
                return line["data: ".Length..];
        }
        throw new EndOfStreamException($"The stream ended before an event {type}.");
    }

    /// <summary>Returns when the server has ended the stream.</summary>
    public async Task EndAsync()
    {
        while (await NextAsync() is not null)
        {
        }
    }

    public void Dispose()
    {
        _lines.Dispose();
        response.Dispose();
    }

    private async Task<string?> NextAsync()
    {
        using var limit = new CancellationTokenSource(Patience);
        return await _lines.ReadLineAsync(limit.Token);
    }
}
