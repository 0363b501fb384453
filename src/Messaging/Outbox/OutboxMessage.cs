using Microsoft.EntityFrameworkCore;

namespace PhotoPlatform.Messaging.Outbox;

/// <summary>A new row of the table <c>outbox</c>: a message that its transaction wants sent.</summary>
internal sealed class OutboxMessage
{
    public required Guid Id { get; init; }

    public required string Exchange { get; init; }

    public required string RoutingKey { get; init; }

    public required byte[] Body { get; init; }

    public required string? TraceParent { get; init; }

    /// <summary>Messages of one key leave in the order of their commits.</summary>
    public required string? OrderKey { get; init; }

    /// <summary>When to send it, if not at once.</summary>
    public required DateTimeOffset? DeliverAt { get; init; }
}
