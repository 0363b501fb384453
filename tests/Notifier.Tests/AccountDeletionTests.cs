using System.Net;
using System.Net.Http.Json;
using PhotoPlatform.Contracts;
using PhotoPlatform.Testing;

namespace PhotoPlatform.Notifier.Tests;

public sealed class AccountDeletionTests(RunningNotifier notifier) : IClassFixture<RunningNotifier>
{
    [Fact]
    public async Task Everything_of_a_deleted_user_goes_and_what_comes_late_brings_nothing_back_and_the_last_mail_still_goes_out()
    {
        var (user, friend, session) = (RunningNotifier.NewUser(), RunningNotifier.NewUser(), Guid.NewGuid());
        var (handle, email, friendsEmail) = ($"h{Guid.NewGuid():N}"[..20], $"{Guid.NewGuid():N}@example.org", $"{Guid.NewGuid():N}@example.org");
        using var client = notifier.Service.Client(user, session);
        // Mails about the user that cannot leave, a mail to a friend that names the user among them.
        notifier.Mail.Answer(email, [.. Enumerable.Repeat(MailAnswer.NotNow, 3), MailAnswer.Never]);
        notifier.Mail.Answer(friendsEmail, MailAnswer.Accept, MailAnswer.NotNow);
        await notifier.Bus.PublishAsync(new UserRegistered(friend, "friend", "Friend", friendsEmail, Now()));
        await notifier.Mail.NextAsync();
        await notifier.Bus.PublishAsync(new UserRegistered(user, handle, handle, email, Now()));
        await notifier.Bus.PublishAsync(new UserFollowed(friend, "friend", "Friend", user, Now()));
        await notifier.Bus.PublishAsync(new UserFollowed(user, handle, handle, friend, Now()));
        await notifier.Bus.PublishAsync(new PhotoUnusable(Guid.NewGuid(), user, 1, "failed", "x", Now()));
        await notifier.Bus.PublishAsync(new PhotoReady(Guid.NewGuid(), user, 1, null, Now()));
        await notifier.Bus.PublishAsync(new SessionRevoked(user, Guid.NewGuid(), Now()));
        await client.PutAsJsonAsync("/api/notifications/mail-preferences", new { followed = true, photoProblems = true });
        await Eventually.GetAsync(() => TablesWithAsync(user.ToString()), tables => tables.Order().SequenceEqual(["event_counters", "events", "mail_preferences", "mails", "notifications", "recipients", "revoked_sessions"]));
        Assert.Equal(["mails", "notifications", "recipients"], (await TablesWithAsync(handle)).Order());
        using var stream = await EventStream.OpenAsync(notifier.Service, user, session: session);

        var farewell = new MailRequested(user, MailTemplates.AccountDeleted, email, new Dictionary<string, string> { ["displayName"] = handle });
        notifier.Mail.Answer(email);
        var id = Guid.CreateVersion7();
        await Task.WhenAll(notifier.Bus.PublishAsync(new UserDeleted(user, Now()), id), notifier.Bus.PublishAsync(new UserDeleted(user, Now()), id), notifier.Bus.PublishAsync(farewell));
        Assert.Equal(["event: session-ended", "data: {}"], await stream.BlockAsync());
        while ((await notifier.Mail.NextAsync()) is var mail && !(mail.Source.Length > 0 && mail.Headers["subject"].Single() == "Your account was deleted"))
        {
        }
        await AssertGoneAsync();

        // All that can come late, and a browser that is still open.
        var consumed = await ConsumedAsync();
        await notifier.Bus.PublishAsync(new UserChanged(user, 7, handle, handle, email, Now()));
        await notifier.Bus.PublishAsync(new UserRegistered(user, handle, handle, email, Now()));
        await notifier.Bus.PublishAsync(new UserFollowed(friend, "friend", "Friend", user, Now()));
        await notifier.Bus.PublishAsync(new UserFollowed(user, handle, handle, friend, Now()));
        await notifier.Bus.PublishAsync(new PhotoUploaded(Guid.NewGuid(), user, "image/jpeg", 1, 1, 1, Now()));
        await notifier.Bus.PublishAsync(new PhotoReady(Guid.NewGuid(), user, 1, null, Now()));
        await notifier.Bus.PublishAsync(new PhotoUnusable(Guid.NewGuid(), user, 1, "failed", "x", Now()));
        await notifier.Bus.PublishAsync(new PhotoDeleted(Guid.NewGuid(), user, "originals/x", Now()));
        await notifier.Bus.PublishAsync(new SessionRevoked(user, Guid.NewGuid(), Now()));
        await notifier.Bus.PublishAsync(new MailRequested(user, MailTemplates.PasswordChanged, email, farewell.Data));
        await notifier.Bus.PublishAsync(new ExportRequested(Guid.NewGuid(), user, Now()));
        Assert.Equal(HttpStatusCode.Unauthorized, (await client.PutAsJsonAsync("/api/notifications/mail-preferences", new { followed = true, photoProblems = true })).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await client.GetAsync(new Uri("/api/events", UriKind.Relative))).StatusCode);
        await Eventually.GetAsync(ConsumedAsync, count => count == consumed + 11);
        await AssertGoneAsync();

        // After an hour not even the note is left; what slipped through meanwhile goes with it.
        await notifier.Environment.QueryAsync<int>("notifier", "INSERT INTO event_counters (user_id, last_seq) VALUES ($1, 1)", user);
        notifier.Clock.Advance(TimeSpan.FromHours(1));
        await Eventually.GetAsync(() => TablesWithAsync(user.ToString()), tables => tables.Count == 0);
        Assert.Empty(await TablesWithAsync(email));

        async Task AssertGoneAsync()
        {
            await Eventually.GetAsync(() => TablesWithAsync(user.ToString()), tables => tables is ["deleted_users"]);
            await Eventually.GetAsync(async () => (await TablesWithAsync(handle)).Concat(await TablesWithAsync(email)).ToArray(), tables => tables.Length == 0);
        }
    }

    [Fact]
    public async Task Messages_and_the_deletion_at_once_leave_nothing()
    {
        var consumed = await ConsumedAsync();
        var users = Enumerable.Range(0, 10).Select(_ => RunningNotifier.NewUser()).ToArray();
        await Task.WhenAll(users.SelectMany(user => Enumerable.Range(0, 12).Select(i => notifier.Bus.PublishAsync(i switch
        {
            6 => new UserDeleted(user, Now()),
            < 4 => new PhotoReady(Guid.NewGuid(), user, 1, null, Now()),
            < 9 => new UserFollowed(RunningNotifier.NewUser(), "x", "X", user, Now()),
            _ => new UserChanged(user, i, "x", "X", "x@example.org", Now()),
        }))));
        await Eventually.GetAsync(ConsumedAsync, count => count == consumed + users.Length * 12);
        foreach (var user in users)
            await Eventually.GetAsync(() => TablesWithAsync(user.ToString()), tables => tables is ["deleted_users"]);
    }

    [Fact]
    public async Task Many_rows_go_in_small_batches()
    {
        var user = RunningNotifier.NewUser();
        await notifier.AppendAsync(user, 5500);
        await notifier.Bus.PublishAsync(new UserDeleted(user, Now()));
        await Eventually.GetAsync(() => TablesWithAsync(user.ToString()), tables => tables is ["deleted_users"]);
    }

    private static DateTimeOffset Now() => TimeProvider.System.GetUtcNow();

    private async Task<long> ConsumedAsync() => (await notifier.Environment.QueryAsync<long>("notifier", "SELECT count(*) FROM inbox"))[0];

    /// <summary>The tables that hold a text anywhere.</summary>
    private async Task<List<string>> TablesWithAsync(string text)
    {
        var found = new List<string>();
        foreach (var table in await notifier.Environment.QueryAsync<string>("notifier", "SELECT quote_ident(relname) FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY 1"))
        {
            if ((await notifier.Environment.QueryAsync<bool>("notifier", $"SELECT EXISTS (SELECT FROM {table} AS row WHERE row::text ILIKE '%{text}%')"))[0])
                found.Add(table);
        }
        return found;
    }
}
