namespace PhotoPlatform.Contracts;

/// <summary>An account was created. From Users to Notifier and Media.</summary>
/// <param name="UserId">The new account.</param>
/// <param name="Handle">Its unique name, lower case; it never changes.</param>
/// <param name="DisplayName">The name to greet its owner with.</param>
/// <param name="Email">Where its mail goes.</param>
/// <param name="At">When it was created.</param>
[PersonalData]
public sealed record UserRegistered(Guid UserId, string Handle, string DisplayName, string Email, DateTimeOffset At);

/// <summary>An account's name or address changed. Carries all of its new state. From Users to Notifier.</summary>
/// <param name="UserId">The account.</param>
/// <param name="Version">Counts the account's changes from 1 (it was registered with 0): of two that arrive in the wrong order the higher one holds.</param>
/// <param name="Handle">Its unique name.</param>
/// <param name="DisplayName">The name to greet its owner with.</param>
/// <param name="Email">Where its mail goes from now on.</param>
/// <param name="At">When it changed.</param>
[PersonalData]
public sealed record UserChanged(Guid UserId, long Version, string Handle, string DisplayName, string Email, DateTimeOffset At);

/// <summary>An account was deleted: whoever holds anything of it removes it. From Users to Media and Notifier.</summary>
public sealed record UserDeleted(Guid UserId, DateTimeOffset At);

/// <summary>Somebody began to follow a user. From Users to Notifier.</summary>
/// <param name="FollowerId">Who follows.</param>
/// <param name="FollowerHandle">Their unique name.</param>
/// <param name="FollowerName">Their display name.</param>
/// <param name="FolloweeId">Whom.</param>
/// <param name="At">Since when.</param>
[PersonalData]
public sealed record UserFollowed(Guid FollowerId, string FollowerHandle, string FollowerName, Guid FolloweeId, DateTimeOffset At);

/// <summary>A session ended before its time: what it has open is to be closed. From Users to Notifier.</summary>
public sealed record SessionRevoked(Guid UserId, Guid SessionId, DateTimeOffset At);

/// <summary>Send one mail, whatever the recipient's mail preferences. Its <c>Message-ID</c> comes from the id of this message. From Users to Notifier.</summary>
/// <param name="UserId">Whose account it is about.</param>
/// <param name="Template">One of <see cref="MailTemplates"/>.</param>
/// <param name="To">The recipient's address.</param>
/// <param name="Data">What the template fills in.</param>
[PersonalData]
public sealed record MailRequested(Guid UserId, string Template, string To, IReadOnlyDictionary<string, string> Data);

/// <summary>The mails that <see cref="MailRequested"/> can ask for. Every one has the data <c>displayName</c>.</summary>
public static class MailTemplates
{
    /// <summary>Somebody tried to sign up with an address that has an account.</summary>
    public const string AlreadyRegistered = "already-registered";

    /// <summary>The way to a new password. Data: <c>token</c>.</summary>
    public const string PasswordReset = "password-reset";

    /// <summary>The password was changed.</summary>
    public const string PasswordChanged = "password-changed";

    /// <summary>To the new address, which is to be confirmed. Data: <c>token</c>.</summary>
    public const string ConfirmEmail = "confirm-email";

    /// <summary>To the old address, once the new one is confirmed.</summary>
    public const string EmailChanged = "email-changed";

    /// <summary>An export can be fetched. Data: <c>expiresAt</c> (ISO 8601).</summary>
    public const string ExportReady = "export-ready";

    /// <summary>To the address of an account that was deleted.</summary>
    public const string AccountDeleted = "account-deleted";
}
