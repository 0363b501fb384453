namespace PhotoPlatform.Notifier.Mails;

/// <summary>How far a mail came.</summary>
internal enum SmtpStep
{
    /// <summary>Its address was looked at.</summary>
    Address,

    /// <summary>The connection, and TLS.</summary>
    Connect,

    /// <summary>The server's first word.</summary>
    Greeting,

    /// <summary>EHLO.</summary>
    Hello,

    /// <summary>AUTH.</summary>
    SignIn,

    /// <summary>MAIL FROM.</summary>
    Sender,

    /// <summary>RCPT TO.</summary>
    Recipient,

    /// <summary>DATA.</summary>
    Data,

    /// <summary>The whole mail was sent; without an answer the server may have taken it.</summary>
    Content,
}

/// <summary>A mail was not sent, or not surely.</summary>
/// <param name="step">How far it came.</param>
/// <param name="code">The server's answer, or null when there was none.</param>
/// <param name="what">What happened, in words that are not the server's: those may repeat the address.</param>
internal sealed class MailNotSentException(SmtpStep step, int? code, string what) : Exception($"{step}: {what}")
{
    internal SmtpStep Step => step;

    internal int? Code => code;
}

/// <summary>What a failed try means. Pure decisions.</summary>
internal static class MailFailure
{
    /// <summary>With the pauses below the last is about 23 hours after the first.</summary>
    internal const int MaxAttempts = 22;

    private const int MailboxFull = 552;
    private static readonly TimeSpan Shortest = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Longest = TimeSpan.FromHours(2);

    /// <summary>
    /// Whether another try is of no use: the server refused this recipient or this mail for good (5xx, RFC 5321 section 4.2.1), or the address is none. What it refuses
    /// before it knows of either (the connection, the password, the sender) is a mistake of whoever runs one of the two: it is corrected, and the mail must still be there.
    /// A full mailbox is no lasting state (RFC 5321 section 4.5.3.1.10).
    /// </summary>
    internal static bool IsForGood(SmtpStep step, int? code) => step switch
    {
        SmtpStep.Address => true,
        SmtpStep.Recipient => code is >= 500 and < 600 and not MailboxFull,
        SmtpStep.Content => code is >= 500 and < 600,
        _ => false,
    };

    /// <summary>How long to wait after the n-th try: 5 s, doubled each time up to 2 h, up to a fifth more or less by chance, so that what failed together does not come back together.</summary>
    /// <param name="attempts">Tries so far, from 1.</param>
    /// <param name="chance">Evenly in 0 to 1.</param>
    internal static TimeSpan PauseAfter(int attempts, double chance) =>
        TimeSpan.FromTicks(Math.Min(Longest.Ticks, Shortest.Ticks << Math.Min(attempts - 1, 20))) * (0.8 + 0.4 * chance);
}
