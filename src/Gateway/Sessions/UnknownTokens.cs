using System.Collections.Concurrent;
using Microsoft.Extensions.Caching.Memory;
using PhotoPlatform.Contracts;

namespace PhotoPlatform.Gateway.Sessions;

/// <summary>Keeps guesses from becoming load on Users: an unknown token is remembered for 10 s, and of many questions about one token a single one is asked.</summary>
internal sealed class UnknownTokens(TimeProvider time) : IDisposable
{
    private const int MaxRemembered = 50_000;
    private static readonly TimeSpan RememberedFor = TimeSpan.FromSeconds(10);
    private readonly MemoryCache _unknown = new(new MemoryCacheOptions { SizeLimit = MaxRemembered });
    private readonly ConcurrentDictionary<string, Lazy<Task<ResolvedSession?>>> _asked = new();

    internal bool Contains(string tokenHash) => _unknown.TryGetValue(tokenHash, out _);

    internal void Add(string tokenHash) =>
        _unknown.Set(tokenHash, true, new MemoryCacheEntryOptions { Size = 1, AbsoluteExpiration = time.GetUtcNow() + RememberedFor });

    internal async Task<ResolvedSession?> OnceAsync(string tokenHash, Func<Task<ResolvedSession?>> ask)
    {
        var question = _asked.GetOrAdd(tokenHash, _ => new(ask));
        try
        {
            return await question.Value;
        }
        finally
        {
            _asked.TryRemove(new(tokenHash, question));
        }
    }

    public void Dispose() => _unknown.Dispose();
}
