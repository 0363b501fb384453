using System.Net.Mail;
using Microsoft.EntityFrameworkCore;
using PhotoPlatform.Messaging;
using PhotoPlatform.Messaging.Outbox;

namespace PhotoPlatform.Users.Data;

/// <summary>Database <c>users</c>. Logins and handles stand apart from users: they stay whole when users are sharded.</summary>
internal sealed class UsersDb(DbContextOptions<UsersDb> options) : DbContext(options)
{
    public DbSet<User> Users => Set<User>();

    public DbSet<Login> Logins => Set<Login>();

    public DbSet<Handle> Handles => Set<Handle>();

    public DbSet<Session> Sessions => Set<Session>();

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        modelBuilder.Entity<User>(user =>
        {
            user.Property(u => u.Id).ValueGeneratedNever();
            user.Property(u => u.DisplayName).HasMaxLength(User.MaxDisplayName);
            user.Property(u => u.PasswordHash).HasMaxLength(256);
        });
        modelBuilder.Entity<Login>(login =>
        {
            login.HasKey(l => l.Email);
            login.Property(l => l.Email).HasMaxLength(Login.MaxEmail);
            login.HasIndex(l => l.UserId);
        });
        modelBuilder.Entity<Handle>(handle =>
        {
            handle.HasKey(h => h.Name);
            handle.Property(h => h.Name).HasMaxLength(Handle.MaxName);
            handle.HasIndex(h => h.UserId);
        });
        modelBuilder.Entity<Session>(session =>
        {
            session.Property(s => s.Id).ValueGeneratedNever();
            session.Property(s => s.TokenHash).HasMaxLength(64);
            session.HasIndex(s => s.TokenHash).IsUnique();
            session.HasIndex(s => s.UserId);
        });
        modelBuilder.UseOutbox();
        modelBuilder.UseSnakeCaseNames();
    }
}

/// <summary>An account.</summary>
internal sealed class User
{
    internal const int MaxDisplayName = 100;

    public required Guid Id { get; init; }

    public required string DisplayName { get; set; }

    public required string PasswordHash { get; set; }

    public required DateTimeOffset CreatedAt { get; init; }
}

/// <summary>The directory of e-mail addresses, lower case.</summary>
internal sealed class Login
{
    internal const int MaxEmail = 254;

    public required string Email { get; init; }

    /// <summary>Whether mail can be sent there: one ASCII address without a name.</summary>
    internal static bool IsEmail(string text) => text.Length is > 2 and <= MaxEmail
        && text.All(c => c is > ' ' and <= '~' and not ('<' or '>' or '"' or ',' or ';'))
        && MailAddress.TryCreate(text, out var parsed) && parsed.Address == text;

    public required Guid UserId { get; init; }
}

/// <summary>The directory of handles, lower case.</summary>
internal sealed class Handle
{
    internal const int MaxName = 30;

    public required string Name { get; init; }

    public required Guid UserId { get; init; }
}

/// <summary>A signed-in session; its token is known to its client alone.</summary>
internal sealed class Session
{
    public required Guid Id { get; init; }

    public required string TokenHash { get; init; }

    public required Guid UserId { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset ExpiresAt { get; init; }
}
