using System.Net;
using Microsoft.Extensions.Caching.Memory;
using PhotoPlatform.Contracts;
using PhotoPlatform.ServiceDefaults.Caching;
using PhotoPlatform.ServiceDefaults.Identity;
using Yarp.ReverseProxy;

namespace PhotoPlatform.Gateway.Sessions;

/// <summary>Redis first; what it does not know, Users does. Losing Redis costs a lookup, not a login.</summary>
internal sealed class SessionResolver(HttpClient http, SessionCache cache, UnknownTokens unknown, IProxyStateLookup clusters, IdentitySigner signer)
{
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

    /// <summary>The replicas of Users in random order, those last which the proxy thinks ill.</summary>
    private IEnumerable<Uri> Replicas()
    {
        if (!clusters.TryGetCluster("users", out var users))
            throw new InvalidOperationException("There is no cluster 'users'.");
        var all = users.DestinationsState.AllDestinations.ToArray();
        Random.Shared.Shuffle(all);
        return all.OrderBy(replica => !users.DestinationsState.AvailableDestinations.Contains(replica)).Select(replica => new Uri(replica.Model.Config.Address));
    }

    private async Task<ResolvedSession?> AskAsync(Uri users, string tokenHash)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(users, "/internal/sessions/resolve"));
        request.Content = JsonContent.Create(new ResolveSession(tokenHash));
        request.Headers.TryAddWithoutValidation(IdentitySigner.Header, signer.Sign("users", roles: CallerIdentity.GatewayRole));
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
