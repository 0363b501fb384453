using System.Net;
using Microsoft.Extensions.Caching.Memory;
using PhotoPlatform.Contracts;
using PhotoPlatform.Gateway.Proxy;
using PhotoPlatform.ServiceDefaults.Caching;
using PhotoPlatform.ServiceDefaults.Identity;
using Yarp.ReverseProxy;

namespace PhotoPlatform.Gateway.Sessions;

/// <summary>Redis first; what it does not know, Users does. Losing Redis costs a lookup, not a login.</summary>
internal sealed class SessionResolver(HttpClient http, SessionCache cache, UnknownTokens unknown, IProxyStateLookup clusters, ServiceAddresses addresses, IdentitySigner signer)
{
    private const string Users = "users";
    private const int MaxTries = 2;

    /// <summary>The live session of a token, or null.</summary>
    /// <exception cref="HttpRequestException">Neither Redis nor Users could tell.</exception>
    internal async Task<ResolvedSession?> ResolveAsync(string tokenHash, CancellationToken cancellationToken)
    {
        var (known, session) = await cache.ReadAsync(tokenHash, cancellationToken);
        if (known)
            return session;
        return await unknown.OnceAsync(tokenHash, () => AskUsersAsync(tokenHash)).WaitAsync(cancellationToken);
    }

    // Shared by all who wait for this token, so no single caller's impatience ends it.
    private async Task<ResolvedSession?> AskUsersAsync(string tokenHash)
    {
        // Looked at here, where no other question about it is open: the one before may have just been answered.
        if (unknown.Contains(tokenHash))
            return null;
        var replicas = Replicas().Take(MaxTries).ToArray();
        for (var i = 0; ; i++)
        {
            try
            {
                return await AskAsync(replicas[i], tokenHash);
            }
            catch (HttpRequestException) when (i + 1 < replicas.Length)
            {
                // Asking changes nothing, so another replica may be asked, whatever was wrong with this one.
            }
        }
    }

    /// <summary>The ready replicas of Users in random order, then the configured addresses: the AppHost's proxy waits for a replica that starts.</summary>
    private IEnumerable<string> Replicas()
    {
        if (!clusters.TryGetCluster(Users, out var users))
            throw new InvalidOperationException($"There is no cluster '{Users}'.");
        var ready = users.DestinationsState.AvailableDestinations.Select(replica => replica.DestinationId).ToArray();
        Random.Shared.Shuffle(ready);
        return ready.Union(addresses.Configured(Users));
    }

    private async Task<ResolvedSession?> AskAsync(string address, string tokenHash)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(new Uri(address), "/internal/sessions/resolve"));
        request.Content = JsonContent.Create(new ResolveSession(tokenHash));
        request.Headers.TryAddWithoutValidation(IdentitySigner.Header, signer.Sign(Users, roles: CallerIdentity.GatewayRole));
        try
        {
            using var response = await http.SendAsync(request);
            if (response.StatusCode == HttpStatusCode.NotFound)
            {
                unknown.Add(tokenHash);
                return null;
            }
            response.EnsureSuccessStatusCode();
            return await response.Content.ReadFromJsonAsync<ResolvedSession>();
        }
        catch (TaskCanceledException exception)
        {
            throw new HttpRequestException("Users did not answer in time.", exception);
        }
    }
}
