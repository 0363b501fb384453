using PhotoPlatform.Contracts;
using PhotoPlatform.Testing;

namespace PhotoPlatform.Notifier.Tests;

public sealed class ConsumerTests(RunningNotifier notifier) : IClassFixture<RunningNotifier>
{
    [Fact]
    public async Task The_scaling_policy_names_the_queues_that_the_worker_declares() =>
        Assert.Equal(await notifier.Environment.ConsumedQueuesAsync(), WorkerScaling.Notifier.Queues.Select(queue => queue.Queue).Order(StringComparer.Ordinal));

    [Theory]
    [InlineData(nameof(UserRegistered), "recipients 1, mails 1")]
    [InlineData(nameof(UserChanged), "recipients 1")]
    [InlineData(nameof(UserDeleted), "deleted_users 1")]
    [InlineData(nameof(UserFollowed), "recipients 1, events 1, notifications 1, mails 1")]
    [InlineData(nameof(SessionRevoked), "revoked_sessions 1")]
    [InlineData(nameof(MailRequested), "mails 1")]
    [InlineData(nameof(PhotoUploaded), "events 1")]
    [InlineData(nameof(PhotoReady), "events 1")]
    [InlineData(nameof(PhotoUnusable), "recipients 1, events 2, notifications 1, mails 1")]
    [InlineData(nameof(PhotoDeleted), "events 1")]
    public async Task A_message_that_comes_often_and_at_once_to_two_replicas_has_one_effect(string type, string effect)
    {
        await using var other = await notifier.StartAsync();
        var (user, marker, id) = (RunningNotifier.NewUser(), RunningNotifier.NewUser(), Guid.CreateVersion7());
        if (type is nameof(UserFollowed) or nameof(PhotoUnusable))
        {
            foreach (var recipient in new[] { user, marker })
                await notifier.Environment.QueryAsync<int>("notifier", "INSERT INTO recipients (user_id, version, handle, display_name, email) VALUES ($1, 0, 'ada', 'Ada', 'ada@example.org')", recipient);
        }
        await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => notifier.Bus.PublishAsync(Message(type, user), id)));
        await Eventually.GetAsync(() => EffectAsync(user), found => found == effect);
        await notifier.Bus.PublishAsync(Message(type, user), id);
        await notifier.Bus.PublishAsync(Message(type, marker));
        await Eventually.GetAsync(() => EffectAsync(marker), found => found == effect);
        Assert.Equal(effect, await EffectAsync(user));
    }

    [Fact]
    public async Task Events_that_two_replicas_take_at_once_are_counted_without_gaps()
    {
        await using var other = await notifier.StartAsync();
        var user = RunningNotifier.NewUser();
        using var stream = await EventStream.OpenAsync(other, user);
        await Task.WhenAll(Enumerable.Range(0, 200).Select(_ => notifier.Bus.PublishAsync(Message(nameof(PhotoReady), user))));
        for (var id = 1; id <= 200; id++)
            Assert.Equal(id, (await stream.NextAsync()).Id);
    }

    [Fact]
    public async Task Of_many_mails_two_replicas_send_each_once()
    {
        await using var other = await notifier.StartAsync();
        var addresses = Enumerable.Range(0, 60).Select(_ => $"{Guid.NewGuid():N}@example.org").Order().ToArray();
        await Task.WhenAll(addresses.Select(to => notifier.Bus.PublishAsync(
            new MailRequested(RunningNotifier.NewUser(), MailTemplates.PasswordChanged, to, new Dictionary<string, string> { ["displayName"] = "Ada" }))));
        await Eventually.GetAsync(() => Task.FromResult(notifier.Mail.Taken.Intersect(addresses).Count()), count => count == addresses.Length);
        await Eventually.GetAsync(() => notifier.Environment.QueryAsync<long>("notifier", "SELECT count(*) FROM mails WHERE done_at IS NULL"), waiting => waiting[0] == 0);
        Assert.Equal(addresses, notifier.Mail.Taken.Where(addresses.Contains).Order());
    }

    private static object Message(string type, Guid user)
    {
        var (other, now) = (Guid.NewGuid(), TimeProvider.System.GetUtcNow());
        return type switch
        {
            nameof(UserRegistered) => new UserRegistered(user, "ada", "Ada", "ada@example.org", now),
            nameof(UserChanged) => new UserChanged(user, 1, "ada", "Ada", "ada@example.org", now),
            nameof(UserDeleted) => new UserDeleted(user, now),
            nameof(UserFollowed) => new UserFollowed(other, "eve", "Eve", user, now),
            nameof(SessionRevoked) => new SessionRevoked(user, other, now),
            nameof(MailRequested) => new MailRequested(user, MailTemplates.PasswordChanged, "ada@example.org", new Dictionary<string, string> { ["displayName"] = "Ada" }),
            nameof(PhotoUploaded) => new PhotoUploaded(other, user, "image/jpeg", 1, 1, 1, now),
            nameof(PhotoReady) => new PhotoReady(other, user, 1, null, now),
            nameof(PhotoUnusable) => new PhotoUnusable(other, user, 1, "rejected", "truncated", now),
            _ => new PhotoDeleted(other, user, "originals/x", now),
        };
    }

    private async Task<string> EffectAsync(Guid user)
    {
        var found = new List<string>();
        foreach (var table in new[] { "recipients", "events", "notifications", "mails", "revoked_sessions", "deleted_users" })
        {
            if ((await notifier.Environment.QueryAsync<long>("notifier", $"SELECT count(*) FROM {table} WHERE user_id = $1", user))[0] is > 0 and var count)
                found.Add($"{table} {count}");
        }
        return string.Join(", ", found);
    }
}
