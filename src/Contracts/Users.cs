namespace PhotoPlatform.Contracts;

/// <summary>An account was created. From Users to Notifier.</summary>
/// <param name="UserId">The new account.</param>
/// <param name="Handle">Its unique name, lower case.</param>
/// <param name="DisplayName">The name to greet its owner with.</param>
/// <param name="Email">Where its mail goes.</param>
/// <param name="At">When it was created.</param>
[PersonalData]
public sealed record UserRegistered(Guid UserId, string Handle, string DisplayName, string Email, DateTimeOffset At);

/// <summary>Send one mail. From Users to Notifier.</summary>
/// <param name="Template">One of <see cref="MailTemplates"/>.</param>
/// <param name="To">The recipient's address.</param>
/// <param name="Data">What the template fills in.</param>
[PersonalData]
public sealed record MailRequested(string Template, string To, IReadOnlyDictionary<string, string> Data);

/// <summary>The mails that <see cref="MailRequested"/> can ask for.</summary>
public static class MailTemplates
{
    /// <summary>Somebody tried to sign up with an address that has an account. Data: <c>displayName</c>.</summary>
    public const string AlreadyRegistered = "already-registered";
}
