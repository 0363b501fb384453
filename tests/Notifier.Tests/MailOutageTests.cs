using PhotoPlatform.Contracts;
using PhotoPlatform.Testing;

namespace PhotoPlatform.Notifier.Tests;

public sealed class MailOutageTests(RunningNotifier notifier) : IClassFixture<RunningNotifier>
{
    [Fact]
    public async Task While_the_mail_server_hangs_everything_else_works_and_the_mails_leave_when_it_is_back()
    {
        notifier.Mail.Hangs = true;
        var emails = Enumerable.Range(0, 20).Select(_ => $"{Guid.NewGuid():N}@example.org").ToArray();
        await Task.WhenAll(emails.Select(email => notifier.Bus.PublishAsync(new UserRegistered(RunningNotifier.NewUser(), "ada", "Ada", email, TimeProvider.System.GetUtcNow()))));
        var (user, photo) = (RunningNotifier.NewUser(), Guid.NewGuid());
        using (var stream = await EventStream.OpenAsync(notifier.Service, user))
        {
            await notifier.Bus.PublishAsync(new PhotoReady(photo, user, 1, null, TimeProvider.System.GetUtcNow()));
            Assert.Equal("photo-ready", await stream.NextTypeAsync());
        }
        await Eventually.GetAsync(() => notifier.Environment.QueryAsync<long>("notifier", "SELECT count(*) FROM mails WHERE \"to\" = ANY ($1)", (object)emails), rows => rows[0] == 20);

        notifier.Mail.Hangs = false;
        // Those that hang are given up after their limit, and tried again after their pause.
        await Eventually.GetAsync(() =>
        {
            notifier.Pass(TimeSpan.FromSeconds(1));
            return notifier.Environment.QueryAsync<long>("notifier", "SELECT count(*) FROM mails WHERE done_at IS NULL");
        }, waiting => waiting[0] == 0);
        Assert.Equal(emails.Order(), notifier.Mail.Taken.Order());
    }
}
