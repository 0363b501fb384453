using System.Net;
using Microsoft.Extensions.Caching.Memory;
using PhotoPlatform.Contracts;
using PhotoPlatform.Gateway.Proxy;
using PhotoPlatform.ServiceDefaults.Caching;
using PhotoPlatform.ServiceDefaults.Identity;

namespace PhotoPlatform.Gateway.Sessions;

/// <summary>Redis first; what it does not know, Users does. Losing Redis costs a lookup, not a login.</summary>
internal sealed class SessionResolver(HttpClient http, SessionCache cache, UnknownTokens unknown, ServiceAddresses addresses, IdentitySigner signer)
{
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
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(new Uri(addresses.Of("users")[0]), "/internal/sessions/resolve"));
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
