using PhotoPlatform.Contracts;
using PhotoPlatform.Storage;
using PhotoPlatform.Testing.Idempotency;
using PhotoPlatform.Users.Accounts;
using PhotoPlatform.Users.Avatars;
using PhotoPlatform.Users.Exports;

namespace PhotoPlatform.Users.Tests;

/// <summary>What the consumers of Users do.</summary>
internal static class ConsumerCases
{
    internal static readonly IReadOnlyList<ConsumerCase<RunningUsers>> All =
    [
        new(typeof(PasswordResetConsumer), "mails a token and voids the one before", async users =>
        {
            var user = await AddUserAsync(users);
            await users.Environment.QueryAsync<int>("users", "INSERT INTO mailed_tokens (hash, purpose, user_id, expires_at) VALUES ($1, 'PasswordReset', $2, now())", $"old {user}", user);
            return new Occasion(new SendPasswordReset($"{user}@example.org", Now()), user) { Queue = SendPasswordReset.Queue };
        }),
        new(typeof(PhotoReadyConsumer), "makes a photo the avatar", async users =>
        {
            var (user, photo) = (await AddUserAsync(users), Guid.CreateVersion7());
            return new Occasion(new PhotoReady(photo, user, 1, $"/media/{photo}/thumb", Now()), user, photo);
        }),
        new(typeof(PhotoDeletedConsumer), "takes the avatar away and notes the photo", async users =>
        {
            var (user, photo) = (await AddUserAsync(users), Guid.CreateVersion7());
            await users.Environment.QueryAsync<int>("users", "UPDATE users SET avatar_photo_id = $2, avatar_version = 1, avatar_url = '/media/thumb' WHERE id = $1", user, photo);
            return new Occasion(new PhotoDeleted(photo, user, $"originals/{photo}", Now()), user, photo);
        }),
        new(typeof(ExportPartWrittenConsumer), "notes a part", async users =>
        {
            var export = await AddExportAsync(users, "Pending");
            return new Occasion(new ExportPartWritten(export.Id, export.User, "media", $"exports/{export.Id}/media/manifest.json"), export.User, export.Id);
        }),
        new(typeof(ExportPartWrittenConsumer), "removes the part of an export that is over", async users =>
        {
            var export = await AddExportAsync(users, "Failed");
            await users.Blobs.WriteAsync($"exports/{export.Id}/media/manifest.json", "{}"u8.ToArray(), default);
            return new Occasion(new ExportPartWritten(export.Id, export.User, "media", $"exports/{export.Id}/media/manifest.json"), export.User, export.Id);
        }),
    ];

    private static async Task<Guid> AddUserAsync(RunningUsers users)
    {
        var user = PlatformId.New(TimeProvider.System, PlatformId.NewBucket());
        await users.Environment.QueryAsync<int>("users", "INSERT INTO users (id, handle, display_name, password_hash, created_at, version, revision, avatar_version, follower_count, following_count) VALUES ($1, 'ada', 'Ada', '', now(), 0, 0, 0, 0, 0)", user);
        await users.Environment.QueryAsync<int>("users", "INSERT INTO logins (email, user_id) VALUES ($1, $2)", $"{user}@example.org", user);
        return user;
    }

    private static async Task<(Guid Id, Guid User)> AddExportAsync(RunningUsers users, string state)
    {
        var (export, user) = (Guid.CreateVersion7(), PlatformId.New(TimeProvider.System, PlatformId.NewBucket()));
        await users.Environment.QueryAsync<int>("users", "INSERT INTO exports (id, user_id, state, created_at, expires_at, lease_until, attempts) VALUES ($1, $2, $3, now(), now() + interval '1 day', now(), 0)", export, user, state);
        return (export, user);
    }

    private static DateTimeOffset Now() => TimeProvider.System.GetUtcNow();
}
