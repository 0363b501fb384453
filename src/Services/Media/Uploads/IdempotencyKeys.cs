using System.Security.Cryptography;
using System.Text;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using PhotoPlatform.Media.Data;

namespace PhotoPlatform.Media.Uploads;

/// <summary>A row for each key that a client sent with an upload.</summary>
internal sealed class IdempotencyKey
{
    internal const int MaxLength = 200;

    public required Guid OwnerId { get; init; }

    public required string Key { get; init; }

    /// <summary>The request that works on it.</summary>
    public required Guid Holder { get; set; }

    /// <summary>By the database's clock. A holder renews it while it lives; who has died loses the key then.</summary>
    public required DateTimeOffset HeldUntil { get; set; }

    /// <summary>SHA-256 of image and fields, once there is an answer.</summary>
    public byte[]? RequestHash { get; set; }

    /// <summary>The answer.</summary>
    public Guid? PhotoId { get; set; }

    public required DateTimeOffset CreatedAt { get; set; }
}

/// <summary>How patient they are.</summary>
/// <param name="Wait">How long a second request waits for the first.</param>
/// <param name="Lease">How long a key stays with a process that died.</param>
internal sealed record IdempotencyTiming(TimeSpan Wait, TimeSpan Lease)
{
    internal static IdempotencyTiming Default { get; } = new(TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(10));
}

/// <summary>
/// <c>Idempotency-Key</c>: per user and key, for 24 hours. One request at a time holds a key, by a lease in the database, so that no connection is held while a body streams,
/// every replica sees it, and a process that dies gives it up. The answer is written in the transaction that makes the photo, and only by the holder.
/// </summary>
internal sealed class IdempotencyKeys([FromKeyedServices("media")] NpgsqlDataSource database, IdempotencyTiming timing, TimeProvider time)
{
    internal const string Header = "Idempotency-Key";
    internal static readonly TimeSpan Kept = TimeSpan.FromHours(24);
    private static readonly TimeSpan AskAgain = TimeSpan.FromMilliseconds(200);

    /// <summary>The request's key, null without one; false when it is not 1 to 200 visible ASCII characters.</summary>
    internal static bool TryRead(HttpRequest request, out string? key)
    {
        var values = request.Headers[Header];
        key = values.Count == 0 ? null : values.ToString();
        return key is null || (values.Count == 1 && key.Length is > 0 and <= IdempotencyKey.MaxLength && key.All(c => c is > ' ' and < '\x7f'));
    }

    /// <summary>What must be the same when a key comes again.</summary>
    internal static byte[] HashOf(byte[] image, ParsedFields fields) => SHA256.HashData([.. image, .. Encoding.UTF8.GetBytes($"{fields.Title}\n{fields.Visibility}\n{fields.Avatar}")]);

    /// <summary>Holds the key, or finds its answer, after waiting for whoever holds it. Null when that took too long. To be disposed.</summary>
    internal async Task<KeyClaim?> ClaimAsync(Guid owner, string key, CancellationToken cancellationToken)
    {
        var holder = Guid.NewGuid();
        for (var start = time.GetTimestamp(); ; await Task.Delay(AskAgain, time, cancellationToken))
        {
            if (await HoldAsync(owner, key, holder, cancellationToken))
                return new KeyClaim(this, owner, key, holder);
            if (await AnswerAsync(owner, key, cancellationToken) is { } answer)
                return new KeyClaim(answer);
            if (time.GetElapsedTime(start) > timing.Wait)
                return null;
        }
    }

    /// <summary>The answer that a key has, or null.</summary>
    internal async Task<KeyAnswer?> AnswerAsync(Guid owner, string key, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand("SELECT request_hash, photo_id FROM idempotency_keys WHERE owner_id = $1 AND key = $2 AND photo_id IS NOT NULL AND created_at >= $3");
        Add(command, owner, key, time.GetUtcNow() - Kept);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken) ? new KeyAnswer(reader.GetFieldValue<byte[]>(0), reader.GetGuid(1)) : null;
    }

    /// <summary>Removes keys that are too old; several replicas may.</summary>
    internal async Task SweepAsync(CancellationToken cancellationToken)
    {
        const int AtOnce = 1000;
        int removed;
        do
        {
            await using var command = database.CreateCommand(
                "DELETE FROM idempotency_keys WHERE (owner_id, key) IN (SELECT owner_id, key FROM idempotency_keys WHERE created_at < $1 ORDER BY created_at LIMIT $2 FOR UPDATE SKIP LOCKED)");
            Add(command, time.GetUtcNow() - Kept, AtOnce);
            removed = await command.ExecuteNonQueryAsync(cancellationToken);
        }
        while (removed == AtOnce);
    }

    private Task<bool> HoldAsync(Guid owner, string key, Guid holder, CancellationToken cancellationToken) => ChangesAsync("""
        INSERT INTO idempotency_keys AS k (owner_id, key, holder, held_until, created_at) VALUES ($1, $2, $3, now() + $4, $5)
        ON CONFLICT (owner_id, key) DO UPDATE SET holder = excluded.holder, held_until = excluded.held_until, created_at = excluded.created_at, photo_id = NULL, request_hash = NULL
        WHERE (k.photo_id IS NULL AND k.held_until < now()) OR k.created_at < $6
        """, cancellationToken, owner, key, holder, timing.Lease, time.GetUtcNow(), time.GetUtcNow() - Kept);

    private async Task KeepAsync(KeyClaim claim, CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(timing.Lease / 3, time);
        while (await timer.WaitForNextTickAsync(cancellationToken))
        {
            try
            {
                await RenewAsync(claim, cancellationToken);
            }
            catch (NpgsqlException)
            {
                // The database is away. Should the lease end, the answer will be refused.
            }
        }
    }

    private Task<bool> RenewAsync(KeyClaim claim, CancellationToken cancellationToken) => ChangesAsync(
        "UPDATE idempotency_keys SET held_until = now() + $4 WHERE owner_id = $1 AND key = $2 AND holder = $3", cancellationToken, claim.Owner, claim.Key, claim.Holder, timing.Lease);

    private Task<bool> ReleaseAsync(KeyClaim claim) => ChangesAsync(
        "DELETE FROM idempotency_keys WHERE owner_id = $1 AND key = $2 AND holder = $3 AND photo_id IS NULL", CancellationToken.None, claim.Owner, claim.Key, claim.Holder);

    private async Task<bool> ChangesAsync(string sql, CancellationToken cancellationToken, params object[] parameters)
    {
        await using var command = database.CreateCommand(sql);
        Add(command, parameters);
        return await command.ExecuteNonQueryAsync(cancellationToken) == 1;
    }

    private static void Add(NpgsqlCommand command, params object[] parameters)
    {
        foreach (var parameter in parameters)
            command.Parameters.Add(new NpgsqlParameter { Value = parameter });
    }

    /// <summary>A key that this request holds until it is disposed, or that has its answer.</summary>
    internal sealed class KeyClaim : IAsyncDisposable
    {
        private readonly IdempotencyKeys? _keys;
        private readonly CancellationTokenSource _ended = new();
        private readonly Task _renewing = Task.CompletedTask;

        internal KeyClaim(KeyAnswer answer) => Answer = answer;

        internal KeyClaim(IdempotencyKeys keys, Guid owner, string key, Guid holder)
        {
            (_keys, Owner, Key, Holder) = (keys, owner, key, holder);
            _renewing = RenewAsync(keys);
        }

        /// <summary>What an earlier request was answered; null when this one holds the key.</summary>
        internal KeyAnswer? Answer { get; }

        internal Guid Owner { get; }

        internal string Key { get; } = "";

        internal Guid Holder { get; }

        /// <summary>Writes the answer in a context's transaction. False when the key was lost meanwhile: this process stood still for longer than its lease.</summary>
        internal async Task<bool> AnswerAsync(MediaDb db, byte[] requestHash, Guid photoId) => await db.Database.ExecuteSqlAsync(
            $"UPDATE idempotency_keys SET request_hash = {requestHash}, photo_id = {photoId} WHERE owner_id = {Owner} AND key = {Key} AND holder = {Holder} AND photo_id IS NULL") == 1;

        /// <summary>Gives the key up when there is no answer.</summary>
        public async ValueTask DisposeAsync()
        {
            await _ended.CancelAsync();
            await _renewing;
            _ended.Dispose();
            try
            {
                // An answer whose commit failed is none, and one that was committed stays.
                if (_keys is not null)
                    await _keys.ReleaseAsync(this);
            }
            catch (NpgsqlException)
            {
                // The lease ends by itself.
            }
        }

        private async Task RenewAsync(IdempotencyKeys keys)
        {
            try
            {
                await keys.KeepAsync(this, _ended.Token);
            }
            catch (OperationCanceledException)
            {
                // The request has ended.
            }
        }
    }
}

/// <summary>What the first request with a key was answered.</summary>
internal sealed record KeyAnswer(byte[] RequestHash, Guid PhotoId);
