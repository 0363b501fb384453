using System.Net.Mail;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using PhotoPlatform.ServiceDefaults;

namespace PhotoPlatform.Notifier.Mails;

/// <param name="Server">The SMTP server: <c>smtp://[user:password@]host:port</c>, or <c>smtps://</c> for TLS from the first byte. A password goes over TLS only, or to this machine.</param>
/// <param name="From">The sender.</param>
/// <param name="PublicUrl">Where the links in mails lead; ends with a slash.</param>
/// <param name="LinkKey">Signs links that work without a session; 32 bytes or more.</param>
/// <param name="Root">The authority that the server's certificate comes from, when the system does not know it.</param>
internal sealed record MailSettings(Uri Server, MailAddress From, Uri PublicUrl, byte[] LinkKey, X509Certificate2? Root)
{
    private const int MinKeyBytes = 32;

    /// <exception cref="InvalidOperationException">A setting is missing or not usable; the message names it.</exception>
    internal static MailSettings FromConfiguration(IConfiguration configuration)
    {
        if (!Uri.TryCreate(configuration.Require("Mail:Server"), UriKind.Absolute, out var server) || server.Scheme is not ("smtp" or "smtps") || server.Port <= 0)
            throw new InvalidOperationException("The setting 'Mail:Server' must have the form smtp://host:port or smtps://host:port.");
        if (!MailAddress.TryCreate(configuration.Require("Mail:From"), out var from) || !MailAddressForm.IsPlain(from.Address))
            throw new InvalidOperationException("The setting 'Mail:From' must be an address, such as 'PhotoPlatform <no-reply@example.org>'.");
        if (!Uri.TryCreate(configuration.Require("PublicUrl"), UriKind.Absolute, out var publicUrl) || publicUrl.Scheme is not ("http" or "https"))
            throw new InvalidOperationException("The setting 'PublicUrl' must have the form https://host.");
        var key = Encoding.UTF8.GetBytes(configuration.Require("Mail:LinkKey"));
        if (key.Length < MinKeyBytes)
            throw new InvalidOperationException($"The setting 'Mail:LinkKey' must be at least {MinKeyBytes} bytes long.");
        var root = configuration["Mail:Root"] is { Length: > 0 } file ? X509Certificate2.CreateFromPem(File.ReadAllText(file)) : null;
        // In ASCII, for it stands in headers.
        var ascii = new UriBuilder(publicUrl) { Host = publicUrl.IdnHost }.Uri.AbsoluteUri;
        return new MailSettings(server, from, new Uri(ascii.TrimEnd('/') + "/"), key, root);
    }

    /// <summary>A place on the account page. What follows the # stays in the browser, so no log has it.</summary>
    internal Uri AccountPage(string fragment) => new(PublicUrl, $"account.html#{fragment}");
}
