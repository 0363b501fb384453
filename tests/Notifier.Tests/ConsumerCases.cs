using PhotoPlatform.Contracts;
using PhotoPlatform.Notifier.Accounts;
using PhotoPlatform.Notifier.Events;
using PhotoPlatform.Notifier.Exports;
using PhotoPlatform.Notifier.Mails;
using PhotoPlatform.Notifier.Notifications;
using PhotoPlatform.Testing;
using PhotoPlatform.Testing.Idempotency;

namespace PhotoPlatform.Notifier.Tests;

/// <summary>What the consumers of Notifier do.</summary>
internal static class ConsumerCases
{
    private static readonly Dictionary<string, string> Data = new() { ["displayName"] = "Ada" };

    internal static readonly IReadOnlyList<ConsumerCase<RunningNotifier>> All =
    [
        Of(typeof(UserRegisteredConsumer), "notes and greets a user", (user, _) => new UserRegistered(user, "ada", "Ada", $"{user}@example.org", Now()), isKnown: false),
        Of(typeof(UserChangedConsumer), "notes a change", (user, _) => new UserChanged(user, 1, "ada", "Ada L.", $"new-{user}@example.org", Now())),
        Of(typeof(UserFollowedConsumer), "tells of a follower", (user, other) => new UserFollowed(other, "eve", "Eve", user, Now())),
        Of(typeof(SessionRevokedConsumer), "notes a session", (user, other) => new SessionRevoked(user, other, Now())),
        Of(typeof(MailRequestedConsumer), "sends a mail", (user, _) => new MailRequested(user, MailTemplates.PasswordChanged, $"{user}@example.org", Data)),
        Of(typeof(MailRequestedConsumer), "sends the last mail of an account", (user, _) => new MailRequested(user, MailTemplates.AccountDeleted, $"{user}@example.org", Data), isKnown: false),
        Of(typeof(PhotoUploadedConsumer), "appends an event", (user, other) => new PhotoUploaded(other, user, "image/jpeg", 1, 1, 1, Now())),
        Of(typeof(PhotoReadyConsumer), "appends an event", (user, other) => new PhotoReady(other, user, 1, null, Now())),
        Of(typeof(PhotoUnusableConsumer), "tells of a photo", (user, other) => new PhotoUnusable(other, user, 1, "rejected", "truncated", Now())),
        Of(typeof(PhotoDeletedConsumer), "appends an event", (user, other) => new PhotoDeleted(other, user, $"originals/{other}", Now())),
        Of(typeof(ExportRequestedConsumer), "writes its part of an export", (user, other) => new ExportRequested(other, user, Now())),
        new(typeof(UserDeletedConsumer), "has everything of a user erased", async notifier =>
        {
            var user = await AddUserAsync(notifier);
            return new Occasion(new UserDeleted(user, Now()), user)
            {
                SettledAsync = () => Eventually.GetAsync(() => notifier.Environment.QueryAsync<bool>("notifier", "SELECT next_cleanup_at > at + interval '30 minutes' AND NOT EXISTS (SELECT FROM recipients AS known WHERE known.user_id = $1) FROM deleted_users WHERE user_id = $1", user), erased => erased is [true]),
            };
        }),
    ];

    /// <summary>A case of a user and somebody or something else.</summary>
    private static ConsumerCase<RunningNotifier> Of(Type consumer, string what, Func<Guid, Guid, object> message, bool isKnown = true) => new(consumer, what, async notifier =>
    {
        var (user, other) = (isKnown ? await AddUserAsync(notifier) : RunningNotifier.NewUser(), Guid.CreateVersion7());
        return new Occasion(message(user, other), user, other) { SettledAsync = () => SentAsync(notifier) };
    });

    /// <summary>Somebody who has had a notification.</summary>
    private static async Task<Guid> AddUserAsync(RunningNotifier notifier)
    {
        var user = RunningNotifier.NewUser();
        await notifier.AppendAsync(user, 1);
        await notifier.Environment.QueryAsync<int>("notifier", "INSERT INTO notifications (user_id, id, type, payload, at) VALUES ($1, 1, 'photo-failed', '{\"version\": 1}', now())", user);
        await notifier.Environment.QueryAsync<int>("notifier", "INSERT INTO recipients (user_id, version, handle, display_name, email) VALUES ($1, 0, 'ada', 'Ada', $2)", user, $"{user}@example.org");
        return user;
    }

    private static Task<List<long>> SentAsync(RunningNotifier notifier) =>
        Eventually.GetAsync(() => notifier.Environment.QueryAsync<long>("notifier", "SELECT count(*) FROM mails WHERE done_at IS NULL"), waiting => waiting is [0]);

    private static DateTimeOffset Now() => TimeProvider.System.GetUtcNow();
}
