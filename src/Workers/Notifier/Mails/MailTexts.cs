using PhotoPlatform.Contracts;
using PhotoPlatform.Messaging;

namespace PhotoPlatform.Notifier.Mails;

/// <summary>Subject and text of a mail.</summary>
internal sealed record MailText(string Subject, string Text)
{
    internal static MailText Welcome(string displayName, string handle, Uri publicUrl) => new(
        "Welcome to PhotoPlatform",
        $"""
        Hello {displayName},

        your account @{handle} is ready. Add your first photos here:

        {publicUrl}

        If you did not sign up, you can ignore this mail.
        """);

    /// <exception cref="PermanentException">There is no such template, or a value is missing.</exception>
    internal static MailText Of(MailRequested request, Uri publicUrl) => request.Template switch
    {
        MailTemplates.AlreadyRegistered when request.Data.TryGetValue("displayName", out var name) => new(
            "You already have an account",
            $"""
            Hello {name},

            somebody, perhaps you, tried to sign up with this address, which already has an account. Sign in here:

            {publicUrl}

            If it was not you, there is nothing to do: nothing has changed.
            """),
        _ => throw new PermanentException("unknown-template", $"There is no mail template '{request.Template}' with these values."),
    };
}
