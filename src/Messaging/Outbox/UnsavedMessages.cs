using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;

namespace PhotoPlatform.Messaging.Outbox;

/// <summary>Makes a forgotten save loud: publishing after the last SaveChanges would otherwise lose the message without a trace.</summary>
public sealed class UnsavedMessages(ILogger<UnsavedMessages> logger) : IDisposable
{
    private readonly List<DbContext> _contexts = [];
    private bool _expected;

    /// <summary>In a request or a consumer that ends well an exception tells of them; elsewhere, the log.</summary>
    public void Dispose()
    {
        if (!_expected && _contexts.Sum(CountIn) is > 0 and var unsaved)
            logger.LogError("{Reason}", Describe(unsaved));
    }

    internal void Watch(DbContext db)
    {
        _contexts.Add(db);
        db.SavingChanges += (_, _) => _expected = true;
        db.SavedChanges += (_, _) => _expected = false;
    }

    /// <summary>Whoever failed, was refused or was told to stop has said so already.</summary>
    internal void Expected() => _expected = true;

    /// <param name="committed">Whether a later try would find its work done, and would not publish either.</param>
    internal void ThrowIfAny(bool committed = false)
    {
        if (_contexts.Sum(CountIn) is > 0 and var unsaved)
            throw committed ? new PermanentException("published-late", Describe(unsaved)) : new InvalidOperationException(Describe(unsaved));
    }

    /// <summary>How many messages of a context are not saved.</summary>
    internal static int CountIn(DbContext? db) => db?.ChangeTracker.Entries<OutboxMessage>().Count(entry => entry.State == EntityState.Added) ?? 0;

    internal static string Describe(int unsaved) => $"{unsaved} message(s) were published but never saved, and would be lost: call SaveChangesAsync after the last Publish or Send.";
}
