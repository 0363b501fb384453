namespace PhotoPlatform.Messaging.Inbox;

/// <summary>A row of the table <c>inbox</c>: a message that a consumer has had.</summary>
/// <param name="Day">Of the message's id, so that every delivery finds the same partition.</param>
/// <param name="Consumer">The name of its queue.</param>
/// <param name="MessageId">Its id.</param>
internal sealed record InboxEntry(DateOnly Day, string Consumer, Guid MessageId);
