using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Microsoft.EntityFrameworkCore;
using PhotoPlatform.Users.Data;

namespace PhotoPlatform.Users.Sessions;

/// <summary>
/// Slows guessing down, per account and per client address, and bounds how often a mail can be asked for. It lives in PostgreSQL: Redis may be away, and then nothing may
/// become guessable; and one statement there counts exactly, whichever replicas are asked. An address without an account is counted like one with.
/// </summary>
internal sealed class Throttling(UsersDb db, TimeProvider time)
{
    /// <summary>Failures are forgotten so long after the last one.</summary>
    internal static readonly TimeSpan Memory = TimeSpan.FromHours(1);

    /// <summary>The longest pause: nobody is locked out for good by somebody else's guesses.</summary>
    internal static readonly TimeSpan MaxPause = TimeSpan.FromMinutes(15);

    internal const int FreePerAccount = 5;

    // Not "now": of several tries at once each has its own, and none may stand in the way of another.
    private static readonly DateTimeOffset Never = DateTimeOffset.UnixEpoch;

    // Many people can be behind one address.
    internal const int FreePerAddress = 50;

    /// <summary>
    /// Counts a try as failed, before it is known whether it is: however many come at once, no more than the free ones are looked at.
    /// Null when the try may go on; else how long to wait.
    /// </summary>
    internal async Task<TimeSpan?> TryAsync(string email, IPAddress? client, CancellationToken cancellationToken)
    {
        if (await CountAsync(AddressKey(client), FreePerAddress, cancellationToken) is { } addressWait)
            return addressWait;
        if (await CountAsync(AccountKey(email), FreePerAccount, cancellationToken) is not { } wait)
            return null;
        await ForgiveAsync(AddressKey(client), cancellationToken);
        return wait;
    }

    /// <summary>The try was no failure: the account starts anew, and the address is as it was before.</summary>
    internal async Task SucceededAsync(string email, IPAddress? client, CancellationToken cancellationToken)
    {
        await ClearAsync(email, cancellationToken);
        await ForgiveAsync(AddressKey(client), cancellationToken);
    }

    /// <summary>The try was never looked at: it was none.</summary>
    internal async Task TakeBackAsync(string email, IPAddress? client, CancellationToken cancellationToken)
    {
        // A pause that others brought about stays.
        await db.Database.ExecuteSqlAsync($"UPDATE throttles SET count = greatest(count - 1, 0) WHERE key = {AccountKey(email)}", cancellationToken);
        await ForgiveAsync(AddressKey(client), cancellationToken);
    }

    /// <summary>Forgets the failures of an account, such as after its password was reset.</summary>
    internal async Task ClearAsync(string email, CancellationToken cancellationToken)
    {
        var key = AccountKey(email);
        await db.Throttles.Where(throttle => throttle.Key == key).ExecuteDeleteAsync(cancellationToken);
    }

    /// <summary>Forgets all that is counted for an account.</summary>
    internal async Task ForgetAsync(string email, Guid userId, CancellationToken cancellationToken)
    {
        var keys = new[] { AccountKey(email), ResetKey(email), ConfirmKey(userId) };
        await db.Throttles.Where(throttle => keys.Contains(throttle.Key)).ExecuteDeleteAsync(cancellationToken);
    }

    /// <summary>Takes one of so many in a window that begins with the first; null when there was one left, else how long to wait.</summary>
    internal async Task<TimeSpan?> TakeAsync(string key, int quota, TimeSpan window, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var taken = await db.Database.ExecuteSqlAsync($"""
            INSERT INTO throttles AS t (key, count, since, until) VALUES ({key}, 1, {now}, {now + window})
            ON CONFLICT (key) DO UPDATE SET
                count = CASE WHEN t.until <= {now} THEN 1 ELSE t.count + 1 END,
                since = CASE WHEN t.until <= {now} THEN {now} ELSE t.since END,
                until = CASE WHEN t.until <= {now} THEN {now + window} ELSE t.until END
            WHERE t.count < {quota} OR t.until <= {now}
            """, cancellationToken);
        return taken == 1 ? null : await LeftAsync(key, now, cancellationToken);
    }

    /// <summary>The quota of mails that reset a password.</summary>
    internal static string ResetKey(string email) => $"reset:{HashOf(email)}";

    /// <summary>The quota of mails that confirm an address.</summary>
    internal static string ConfirmKey(Guid userId) => $"confirm:{HashOf(userId.ToString())}";

    private static string AccountKey(string email) => $"account:{HashOf(email)}";

    /// <summary>Of IPv6 the network of 64 bits, of which one client has as many addresses as it likes.</summary>
    private static string AddressKey(IPAddress? client) => $"address:{HashOf(client switch
    {
        null => "",
        { IsIPv4MappedToIPv6: true } => client.MapToIPv4().ToString(),
        { AddressFamily: AddressFamily.InterNetworkV6 } => Convert.ToHexString(client.GetAddressBytes().AsSpan(0, 8)),
        _ => client.ToString(),
    })}";

    private static string HashOf(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    /// <summary>After the last free failure 1 s must pass, and twice as long after each that follows, up to the cap.</summary>
    private async Task<TimeSpan?> CountAsync(string key, int free, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var forgotten = now - Memory;
        var cap = (int)MaxPause.TotalSeconds;
        var counted = await db.Database.ExecuteSqlAsync($"""
            INSERT INTO throttles AS t (key, count, since, until) VALUES ({key}, 1, {now}, {Never})
            ON CONFLICT (key) DO UPDATE SET
                count = CASE WHEN t.since < {forgotten} THEN 1 ELSE t.count + 1 END,
                since = {now},
                until = CASE WHEN t.since < {forgotten} OR t.count + 1 < {free} THEN {Never}
                    ELSE {now} + least({cap}, 2 ^ least(t.count + 1 - {free}, 20)) * interval '1 second' END
            WHERE t.until <= {now}
            """, cancellationToken);
        return counted == 1 ? null : await LeftAsync(key, now, cancellationToken);
    }

    private async Task<TimeSpan> LeftAsync(string key, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var until = await db.Throttles.Where(throttle => throttle.Key == key).Select(throttle => (DateTimeOffset?)throttle.Until).SingleOrDefaultAsync(cancellationToken);
        return until > now ? until.Value - now : TimeSpan.FromSeconds(1);
    }

    private async Task ForgiveAsync(string key, CancellationToken cancellationToken) =>
        await db.Database.ExecuteSqlAsync($"UPDATE throttles SET count = greatest(count - 1, 0), until = {Never} WHERE key = {key}", cancellationToken);
}

/// <summary>Where a request came from, as the gateway saw it. Only the gateway's signed requests get here, and it overwrites the header.</summary>
internal static class ClientAddress
{
    internal static IPAddress? Of(HttpContext http)
    {
        var forwarded = http.Request.Headers["X-Forwarded-For"].ToString();
        // The last one is what the nearest proxy added.
        return IPAddress.TryParse(forwarded.AsSpan(forwarded.LastIndexOf(',') + 1).Trim(), out var address) ? address : http.Connection.RemoteIpAddress;
    }
}
