using PhotoPlatform.Messaging;
namespace PhotoPlatform.Notifier.Data;

/// <summary>How long things are kept: events for 24 hours, notifications for 90 days, ended sessions until nobody takes them for live, mails that are done for a week.</summary>
internal sealed class Retention(IServiceScopeFactory scopes, TimeProvider time, ILogger<Retention> logger) : BackgroundService
{
    private static readonly TimeSpan EventsKept = TimeSpan.FromHours(24);
    private static readonly TimeSpan NotificationsKept = TimeSpan.FromDays(90);
    private static readonly TimeSpan MailsKept = TimeSpan.FromDays(7);

    // An identity lives for 60 s, and the gateway remembers a session for 30 s.
    private static readonly TimeSpan SessionsKept = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(10);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await using var scope = scopes.CreateAsyncScope();
                var db = scope.ServiceProvider.GetRequiredService<NotifierDb>();
                var now = time.GetUtcNow();
                var events = await db.DeleteAsync("events", $"at < {now - EventsKept}", stoppingToken);
                var notifications = await db.DeleteAsync("notifications", $"at < {now - NotificationsKept}", stoppingToken);
                var sessions = await db.DeleteAsync("revoked_sessions", $"at < {now - SessionsKept}", stoppingToken);
                var mails = await db.DeleteAsync("mails", $"done_at < {now - MailsKept}", stoppingToken);
                if (events + notifications + sessions + mails > 0)
                    logger.LogInformation("Removed what was kept long enough: {Events} events, {Notifications} notifications, {Sessions} ended sessions, {Mails} mails", events, notifications, sessions, mails);
            }
            catch (Exception exception) when (DatabaseAway.Is(exception))
            {
                logger.LogWarning("Old rows were not removed and will be in {Interval}: {Reason}", Interval, exception.Message);
            }
        }
    }
}
