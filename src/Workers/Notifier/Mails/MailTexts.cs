using System.Globalization;
using PhotoPlatform.Contracts;
using PhotoPlatform.Messaging;

namespace PhotoPlatform.Notifier.Mails;

/// <summary>The words of every mail.</summary>
internal sealed class MailTexts(MailSettings settings, UnsubscribeLinks links)
{
    private const string Ignore = "If it was not you, there is nothing to do: nothing has changed.";

    internal MailContent Welcome(string displayName, string handle) => new(
        "welcome",
        "Welcome to PhotoPlatform",
        Hello(PlainName.Of(displayName, handle)),
        [$"your account @{PlainName.Of(handle)} is ready."],
        ("Add your first photos", settings.PublicUrl),
        ["If you did not sign up, you can ignore this mail."]);

    internal MailContent Followed(string displayName, UserFollowed follow, Guid userId)
    {
        var (name, handle) = (PlainName.Of(follow.FollowerName, follow.FollowerHandle), PlainName.Of(follow.FollowerHandle));
        return Optional(MailCategory.Followed, userId, new(
            "followed",
            $"{name} (@{handle}) follows you",
            Hello(displayName),
            [$"{name} (@{handle}) follows you on PhotoPlatform now."],
            ("See your notifications", settings.PublicUrl),
            ["You get at most one mail a day about new followers; the others are among your notifications."]));
    }

    internal MailContent PhotoProblem(string displayName, PhotoUnusable photo, Guid userId) => Optional(MailCategory.PhotoProblems, userId, new(
        "photo-problem",
        "One of your photos could not be processed",
        Hello(displayName),
        [photo.State == "rejected"
            ? "one of your photos could not be read, so it will not be shown. The file may be damaged: try to export it again and upload the copy."
            : "something went wrong on our side with one of your photos. It is safe, and it appears as soon as we have repaired it."],
        ("Look at your photos", settings.PublicUrl),
        ["You get at most one mail a day about problems with photos; the others are among your notifications."]));

    /// <exception cref="PermanentException">There is no such template, or a value is missing.</exception>
    internal MailContent Of(MailRequested request)
    {
        var hello = Hello(PlainName.Of(Value(request, "displayName")));
        MailContent Mail(string subject, IReadOnlyList<string> lines, (string, Uri)? action, params IReadOnlyList<string> notes) => new(request.Template, subject, hello, lines, action, notes);
        return request.Template switch
        {
            MailTemplates.AlreadyRegistered => Mail("You already have an account",
                ["somebody, perhaps you, tried to sign up with this address, which already has an account."], ("Sign in", settings.PublicUrl), Ignore),
            MailTemplates.PasswordReset => Mail("Choose a new password",
                ["somebody, perhaps you, asked for a new password for your account. The link works once, and only for a short time."],
                ("Choose a new password", Page(request, "reset")), Ignore),
            MailTemplates.PasswordChanged => Mail("Your password was changed",
                ["the password of your account was changed, and every other session was signed out."], ("See your account", new Uri(settings.PublicUrl, "account.html")),
                "If it was not you, ask for a new password at once: on the sign-in page choose 'Forgot your password?'."),
            MailTemplates.ConfirmEmail => Mail("Confirm your new address",
                ["please confirm that your PhotoPlatform account shall use this address from now on. The link works once, and only for a short time."],
                ("Confirm this address", Page(request, "confirm")), Ignore),
            MailTemplates.EmailChanged => Mail("Your address was changed",
                ["your PhotoPlatform account uses another mail address now. This is the last mail to the old one."], null,
                "If it was not you, somebody else has access to your account: ask for help at once."),
            MailTemplates.ExportReady => Mail("Your data is ready",
                [$"the copy of your data that you asked for can be fetched until {Time(request, "expiresAt").UtcDateTime.ToString("d MMMM yyyy, HH:mm", CultureInfo.InvariantCulture)} UTC."],
                ("Fetch your data", settings.AccountPage("exports")), "If it was not you, change your password."),
            MailTemplates.AccountDeleted => Mail("Your account was deleted",
                ["your PhotoPlatform account and everything in it is being deleted. This is our last mail to you. Farewell!"], null),
            _ => throw Unusable(request.Template),
        };
    }

    private static string Hello(string name) => $"Hello {name},";

    private MailContent Optional(MailCategory category, Guid userId, MailContent content) => content with
    {
        Links = [("Choose which mails you get", settings.AccountPage("mail")), ("No more mails of this kind", links.Page(userId, category))],
        Unsubscribe = links.OneClick(userId, category),
    };

    private Uri Page(MailRequested request, string fragment) => settings.AccountPage($"{fragment}={Uri.EscapeDataString(Value(request, "token"))}");

    private static DateTimeOffset Time(MailRequested request, string key) =>
        DateTimeOffset.TryParse(Value(request, key), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) ? time : throw Unusable(request.Template);

    private static string Value(MailRequested request, string key) => request.Data.TryGetValue(key, out var value) && value is { Length: > 0 } ? value : throw Unusable(request.Template);

    private static PermanentException Unusable(string template) => new("unknown-template", $"There is no mail template '{template}' with these values.");
}
