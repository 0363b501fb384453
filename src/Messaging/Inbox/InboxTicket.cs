using Microsoft.EntityFrameworkCore;

namespace PhotoPlatform.Messaging.Inbox;

/// <summary>
/// The message that a scope's consumer works on. Its row in the inbox goes along with the consumer's one save, or with its one transaction: <see cref="InboxInterceptor"/> sees to that.
/// </summary>
internal sealed class InboxTicket
{
    private DbContext? _db;

    internal InboxEntry? Entry { get; private set; }

    internal InboxState State { get; set; }

    /// <summary>Whether the consumer saved changes in a transaction that it has not committed, or not yet.</summary>
    internal bool Uncommitted { get; set; }

    /// <summary>From here on the context's changes are those of a consumer.</summary>
    internal void Begin(DbContext db, InboxEntry entry) => (_db, Entry, State, Uncommitted) = (db, entry, InboxState.Open, false);

    internal bool IsOf(DbContext? db) => _db is not null && ReferenceEquals(_db, db);
}

/// <summary>Where a message's inbox row is.</summary>
internal enum InboxState
{
    /// <summary>Not written.</summary>
    Open,

    /// <summary>Among the changes of the save that is under way, or that failed and may be tried again.</summary>
    InSave,

    /// <summary>Written in a transaction that is not committed.</summary>
    InTransaction,

    /// <summary>Committed.</summary>
    Done,
}
