using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace PhotoPlatform.Media.Data;

/// <summary>The forms in which EF Core tells that the database failed: what runs in the background waits, and tries again.</summary>
internal static class DatabaseAway
{
    internal static bool Is(Exception exception) => exception is NpgsqlException or DbUpdateException or InvalidOperationException { InnerException: NpgsqlException };
}
