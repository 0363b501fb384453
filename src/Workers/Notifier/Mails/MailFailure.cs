using System.Net.Mail;

namespace PhotoPlatform.Notifier.Mails;

/// <summary>What a failed try means. Pure decisions.</summary>
internal static class MailFailure
{
    private static readonly TimeSpan Shortest = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(30);

    /// <summary>The server refused the mail for good (5xx, RFC 5321 4.2.1), or it cannot be written at all.</summary>
    internal static bool IsPermanent(Exception exception) => exception is FormatException or ArgumentException || (exception is SmtpException smtp && (int)smtp.StatusCode is >= 500 and < 600);

    /// <summary>How long to wait after the n-th try: 2 s, doubled each time, at most 30 min.</summary>
    internal static TimeSpan PauseAfter(int attempts) => TimeSpan.FromTicks(Math.Min(Longest.Ticks, Shortest.Ticks << Math.Min(attempts - 1, 20)));
}
