using PhotoPlatform.ServiceDefaults;

namespace PhotoPlatform.Notifier.Mails;

/// <param name="Server">The SMTP server, as <c>smtp://host:port</c>.</param>
/// <param name="From">The sender's address.</param>
/// <param name="PublicUrl">Where the links in mails lead.</param>
internal sealed record MailSettings(Uri Server, string From, Uri PublicUrl)
{
    internal static MailSettings FromConfiguration(IConfiguration configuration)
    {
        var server = new Uri(configuration.Require("Mail:Server"));
        if (server.Scheme != "smtp" || server.Port <= 0)
            throw new InvalidOperationException("The setting 'Mail:Server' must have the form smtp://host:port.");
        return new MailSettings(server, configuration.Require("Mail:From"), new Uri(configuration.Require("PublicUrl")));
    }
}
