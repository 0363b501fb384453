namespace PhotoPlatform.Messaging.DeadLetters;

/// <summary>Which letters are meant; what is empty or null does not matter.</summary>
/// <param name="Queues">Names of consumer queues.</param>
/// <param name="Reasons">Reasons.</param>
/// <param name="StackHashes">Hashes of faults.</param>
/// <param name="Ids">Message ids.</param>
/// <param name="Before">Given up before this time. A letter without a time is neither before nor after.</param>
/// <param name="After">Given up after this time.</param>
/// <param name="Limit">At most so many, the oldest of each queue first.</param>
internal sealed record LetterFilter(IReadOnlySet<string> Queues, IReadOnlySet<string> Reasons, IReadOnlySet<string> StackHashes, IReadOnlySet<string> Ids,
    DateTimeOffset? Before, DateTimeOffset? After, int Limit)
{
    /// <summary>Whether it leaves anything out.</summary>
    internal bool IsGiven => Queues.Count > 0 || Reasons.Count > 0 || StackHashes.Count > 0 || Ids.Count > 0 || Before is not null || After is not null || Limit != int.MaxValue;

    /// <summary>One message, in one queue or in all.</summary>
    internal static LetterFilter OfMessage(string id, string? queue) => new(queue is null ? None : Set(queue), None, None, Set(id), null, null, int.MaxValue);

    internal bool TakesQueue(string queue) => Queues.Count == 0 || Queues.Contains(queue);

    /// <summary>Whether the letter is meant, its queue and the limit aside.</summary>
    internal bool Takes(DeadLetter letter) =>
        (Reasons.Count == 0 || Reasons.Contains(letter.Reason))
        && (StackHashes.Count == 0 || (letter.StackHash is { } hash && StackHashes.Contains(hash)))
        && (Ids.Count == 0 || Ids.Contains(letter.Id))
        && (Before is not { } before || letter.LastAt < before)
        && (After is not { } after || letter.LastAt > after);

    private static IReadOnlySet<string> None { get; } = new HashSet<string>();

    private static HashSet<string> Set(string value) => new([value], StringComparer.OrdinalIgnoreCase);
}
