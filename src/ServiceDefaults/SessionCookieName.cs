using Microsoft.Extensions.Configuration;

namespace PhotoPlatform.ServiceDefaults;

/// <summary>
/// The one name of the session cookie, which Users sets and the gateway reads. Browsers accept a <c>__Host-</c> cookie from this very host over TLS alone
/// (RFC 6265bis, section 4.1.3.2), so that no neighbouring site can plant a session; hence no other name counts beside it.
/// </summary>
public static class SessionCookieName
{
    /// <summary>The setting for test networks without TLS.</summary>
    public const string AllowInsecureSetting = "Cookies:AllowInsecure";

    /// <summary><c>__Host-session</c>, or <c>session</c> where <c>Cookies:AllowInsecure</c> is set.</summary>
    public static string FromConfiguration(IConfiguration configuration) => configuration.GetValue<bool>(AllowInsecureSetting) ? "session" : "__Host-session";
}
