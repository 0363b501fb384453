using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace PhotoPlatform.Messaging;

/// <summary>The forms in which EF Core tells that the database failed: what runs in the background waits, and tries again.</summary>
public static class DatabaseAway
{
    /// <summary>Whether it is one of them.</summary>
    public static bool Is(Exception exception) => exception is NpgsqlException or DbUpdateException or InvalidOperationException { InnerException: NpgsqlException };
}
