using System.Diagnostics;
using System.Net.Mail;
using System.Net.Sockets;
using System.Text;
using Microsoft.EntityFrameworkCore;
using PhotoPlatform.Messaging;
using PhotoPlatform.Notifier.Data;

namespace PhotoPlatform.Notifier.Mails;

/// <summary>
/// Sends the mails of the table, one at a time. A sender holds a mail by moving its next attempt into the future, so no connection and no lock is kept
/// while a mail server answers; after a crash the mail is sent again with the same Message-ID.
/// </summary>
internal sealed class MailSender(IServiceProvider services, MailSettings settings, MailSignal signal, TimeProvider time, ILogger<MailSender> logger) : BackgroundService
{
    private const int MaxAttempts = 12;
    private static readonly TimeSpan SendLimit = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Hold = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan PollInterval = TimeSpan.FromSeconds(2);
    private static readonly ActivitySource Activities = new("PhotoPlatform.Notifier");

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield();
        var databaseAway = false;
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                if (!await SendNextAsync(stoppingToken))
                    await signal.WaitAsync(PollInterval, stoppingToken);
                databaseAway = false;
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
    private async Task<bool> SendNextAsync(CancellationToken cancellationToken)
    {
        await using var scope = services.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<NotifierDb>();
        var now = time.GetUtcNow();
        var claimed = await db.Mails.FromSql($"""
            UPDATE mails SET next_attempt_at = {now + Hold}, attempts = attempts + 1
            WHERE id = (SELECT id FROM mails WHERE sent_at IS NULL AND failed_at IS NULL AND next_attempt_at <= {now} ORDER BY next_attempt_at LIMIT 1 FOR UPDATE SKIP LOCKED)
            RETURNING *
            """).AsTracking().ToListAsync(cancellationToken);
        if (claimed is not [var mail])
            return false;

        ActivityContext.TryParse(mail.TraceParent, null, isRemote: true, out var parent);
        using var activity = Activities.StartActivity("mail send", ActivityKind.Client, parent);
        try
        {
            await SendAsync(mail, cancellationToken);
            (mail.SentAt, mail.LastError) = (time.GetUtcNow(), null);
            logger.LogInformation("Sent mail {MailId} ({Subject})", mail.Id, mail.Subject);
        }
        catch (Exception exception) when (exception is SmtpException or SocketException or IOException or TimeoutException or FormatException or ArgumentException)
        {
            activity?.SetStatus(ActivityStatusCode.Error, exception.Message);
            var forGood = mail.Attempts >= MaxAttempts || MailFailure.IsPermanent(exception);
            mail.LastError = exception.Message;
            mail.FailedAt = forGood ? time.GetUtcNow() : null;
            mail.NextAttemptAt = time.GetUtcNow() + MailFailure.PauseAfter(mail.Attempts);
            logger.Log(forGood ? LogLevel.Error : LogLevel.Warning, "Mail {MailId} was not sent ({Outcome}): {Reason}", mail.Id, forGood ? "given up" : "tried again later", exception.Message);
        }
        await db.SaveChangesAsync(CancellationToken.None);
        return true;
    }

    private async Task SendAsync(Mail mail, CancellationToken cancellationToken)
    {
        var to = new MailAddress(mail.To);
        if (to.Address != mail.To)
            throw new FormatException("The recipient is not one plain address.");
        using var message = new MailMessage(new MailAddress(settings.From), to)
        {
            Subject = mail.Subject,
            Body = mail.Text,
            BodyEncoding = Encoding.UTF8,
            SubjectEncoding = Encoding.UTF8,
            HeadersEncoding = Encoding.UTF8,
        };
        message.Headers.Add("Message-ID", $"<{mail.Id:D}@{settings.PublicUrl.Host}>");
        message.Headers.Add("Auto-Submitted", "auto-generated");
        using var smtp = new SmtpClient(settings.Server.Host, settings.Server.Port) { Timeout = (int)SendLimit.TotalMilliseconds };
        using var timeout = new CancellationTokenSource(SendLimit, time);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timeout.Token);
        try
        {
            // It waits for the server's last word without looking at the token.
            await smtp.SendMailAsync(message, limit.Token).WaitAsync(limit.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new TimeoutException($"The mail server did not answer within {SendLimit.TotalSeconds} s.");
        }
    }
}

/// <summary>Wakes the sender when a mail was noted.</summary>
internal sealed class MailSignal : Signal;
