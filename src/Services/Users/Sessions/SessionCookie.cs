using System.Net;
using PhotoPlatform.ServiceDefaults;

namespace PhotoPlatform.Users.Sessions;

/// <summary>The session cookie. <c>__Host-session</c> is Secure, which browsers accept on http://localhost too; elsewhere it needs TLS.</summary>
internal sealed record SessionCookie(string Name, bool Secure)
{
    /// <summary>With <c>Cookies:AllowInsecure</c> the cookie is named <c>session</c> and works without TLS everywhere.</summary>
    internal static SessionCookie FromConfiguration(IConfiguration configuration) =>
        new(SessionCookieName.FromConfiguration(configuration), Secure: !configuration.GetValue<bool>(SessionCookieName.AllowInsecureSetting));

    internal void Set(HttpResponse response, string token, DateTimeOffset expiresAt) => response.Cookies.Append(Name, token, Options(expiresAt));

    internal void Clear(HttpResponse response) => response.Cookies.Delete(Name, Options(null));

    /// <summary>What to tell a client whose browser will not keep the cookie; null when it will.</summary>
    internal string? NoticeFor(HttpRequest request)
    {
        var scheme = request.Headers["X-Forwarded-Proto"].FirstOrDefault() ?? request.Scheme;
        var host = new HostString(request.Headers["X-Forwarded-Host"].FirstOrDefault() ?? request.Host.Value ?? "").Host;
        var keeps = !Secure || scheme == "https" || host == "localhost" || host.EndsWith(".localhost", StringComparison.Ordinal)
            || (IPAddress.TryParse(host.Trim('[', ']'), out var address) && IPAddress.IsLoopback(address));
        return keeps ? null : "Browsers keep the session cookie only over HTTPS or on localhost. Use HTTPS, or set Cookies:AllowInsecure for a test network.";
    }

    private CookieOptions Options(DateTimeOffset? expiresAt) => new() { Path = "/", HttpOnly = true, Secure = Secure, SameSite = SameSiteMode.Lax, Expires = expiresAt };
}
