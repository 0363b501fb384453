using System.Diagnostics;
using Microsoft.EntityFrameworkCore;
using PhotoPlatform.Messaging;
using PhotoPlatform.Notifier.Data;

namespace PhotoPlatform.Notifier.Mails;

/// <summary>
/// Sends the mails of the table, a few at a time. A sender holds a mail by moving its next attempt into the future, so no connection and no lock is kept
/// while a mail server answers; after a crash the mail is sent again with the same Message-ID.
/// </summary>
internal sealed class MailSender(IServiceScopeFactory scopes, MailSettings settings, MailSignal signal, NotifierMetrics metrics, TimeProvider time, ILogger<MailSender> logger) : BackgroundService
{
    private const int Concurrency = 4;

    // Longer than all the steps of one conversation may take.
    private static readonly TimeSpan Hold = TimeSpan.FromMinutes(3);
    private static readonly TimeSpan PollInterval = TimeSpan.FromSeconds(2);

    // For a mail that is on its way when the process is stopped: broken off, it may arrive twice.
    private static readonly TimeSpan FinishLimit = TimeSpan.FromSeconds(5);
    private static readonly ActivitySource Activities = new("PhotoPlatform.Notifier");

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var finish = new CancellationTokenSource();
        await using var registration = stoppingToken.Register(() => finish.CancelAfter(FinishLimit));
        await Task.WhenAll(Enumerable.Range(0, Concurrency).Select(_ => Task.Run(() => SendAllAsync(finish.Token, stoppingToken), CancellationToken.None)));
    }

    private async Task SendAllAsync(CancellationToken finish, CancellationToken stoppingToken)
    {
        var databaseAway = false;
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                if (!await SendNextAsync(finish, stoppingToken))
                    await signal.WaitAsync(PollInterval, stoppingToken);
                databaseAway = false;
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception) when (DatabaseAway.Is(exception))
            {
                if (!databaseAway)
                    logger.LogWarning("Mails wait for the database: {Reason}", exception.Message);
                databaseAway = true;
                await Task.Delay(PollInterval, time, stoppingToken);
            }
        }
    }

    /// <returns>False when there was nothing to send.</returns>
    private async Task<bool> SendNextAsync(CancellationToken finish, CancellationToken stoppingToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<NotifierDb>();
        var now = time.GetUtcNow();
        var claimed = await Claim(db, now).ToListAsync(stoppingToken);
        if (claimed is not [var mail])
            return false;
        // There may be another for another sender.
        signal.Set();

        ActivityContext.TryParse(mail.TraceParent, null, isRemote: true, out var parent);
        using var activity = Activities.StartActivity("mail send", ActivityKind.Client, parent);
        try
        {
            await SmtpConnection.SendAsync(settings, mail.To!, MimeMessage.Build(mail, settings.From, settings.PublicUrl.Host), time, finish);
            metrics.MailTried("sent");
            logger.LogInformation("Sent mail {MailId} ({Template})", mail.Id, mail.Template);
            await SentAsync(db, mail);
        }
        catch (MailNotSentException exception)
        {
            activity?.SetStatus(ActivityStatusCode.Error, exception.Message);
            var forGood = mail.Attempts >= MailFailure.MaxAttempts || MailFailure.IsForGood(exception.Step, exception.Code);
            metrics.MailTried(forGood ? "given-up" : "again");
            logger.Log(forGood ? LogLevel.Error : LogLevel.Warning, "Mail {MailId} ({Template}) was not sent ({Outcome}): {Reason}",
                mail.Id, mail.Template, forGood ? "given up" : "tried again later", exception.Message);
            await NotSentAsync(db, mail, forGood, exception.Message);
        }
        return true;
    }

    internal static IQueryable<Mail> Claim(NotifierDb db, DateTimeOffset now) => db.Mails.FromSql($"""
        UPDATE mails SET next_attempt_at = {now + Hold}, attempts = attempts + 1
        WHERE id = (SELECT id FROM mails WHERE done_at IS NULL AND next_attempt_at <= {now} ORDER BY next_attempt_at LIMIT 1 FOR UPDATE SKIP LOCKED)
        RETURNING *
        """).AsNoTracking();

    /// <summary>Nothing of what it said stays. By then its user may be deleted, and the row gone.</summary>
    private async Task SentAsync(NotifierDb db, Mail mail)
    {
        mail.Clear();
        (mail.DoneAt, mail.LastError) = (time.GetUtcNow(), null);
        await SaveAsync(db, mail);
    }

    private async Task NotSentAsync(NotifierDb db, Mail mail, bool forGood, string error)
    {
        mail.LastError = error;
        (mail.Failed, mail.DoneAt) = (forGood, forGood ? time.GetUtcNow() : null);
        mail.NextAttemptAt = time.GetUtcNow() + MailFailure.PauseAfter(mail.Attempts, Random.Shared.NextDouble());
        // Nobody is left to send it again for.
        if (forGood && mail.UserId is null)
            mail.Clear();
        await SaveAsync(db, mail);
    }

    private static Task<int> SaveAsync(NotifierDb db, Mail mail) => db.Database.ExecuteSqlAsync($"""
        UPDATE mails SET "to" = {mail.To}, subject = {mail.Subject}, text = {mail.Text}, html = {mail.Html}, unsubscribe = {mail.Unsubscribe},
            next_attempt_at = {mail.NextAttemptAt}, done_at = {mail.DoneAt}, failed = {mail.Failed}, last_error = {mail.LastError}
        WHERE id = {mail.Id}
        """, CancellationToken.None);
}

/// <summary>Wakes the sender when a mail was noted.</summary>
internal sealed class MailSignal : Signal;
