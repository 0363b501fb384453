using System.Globalization;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using PhotoPlatform.Contracts;
using PhotoPlatform.Messaging.Outbox;
using PhotoPlatform.ServiceDefaults.Identity;
using PhotoPlatform.Users.Data;
using PhotoPlatform.Users.Sessions;

namespace PhotoPlatform.Users.Exports;

/// <summary><c>/api/users/me/exports</c>: asks for an archive of all that the platform has of the caller, and tells how far it is.</summary>
internal static class RequestExport
{
    private const int PerDay = 3;
    private const int MaxListed = 100;

    /// <param name="State">pending, ready, failed or expired.</param>
    /// <param name="ExpiresAt">Until when a ready one can be fetched.</param>
    /// <param name="Bytes">The size of a ready one.</param>
    internal sealed record Response(Guid Id, string State, DateTimeOffset CreatedAt, DateTimeOffset? ExpiresAt, long? Bytes)
    {
        internal static Response Of(Export export, DateTimeOffset now)
        {
            var state = export.State == ExportState.Ready && export.ExpiresAt <= now ? ExportState.Expired : export.State;
            var ready = state == ExportState.Ready;
            return new Response(export.Id, state.ToString().ToLower(CultureInfo.InvariantCulture), export.CreatedAt, ready ? export.ExpiresAt : null, ready ? export.Bytes : null);
        }
    }

    internal sealed record ListResponse(IReadOnlyList<Response> Items);

    internal static async Task<Results<Accepted<Response>, NotFound, ProblemHttpResult>> HandleAsync(
        SignedInUser caller, HttpContext http, UsersDb db, Outbox<UsersDb> outbox, TimeProvider time, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        if (await db.LockUserAsync(caller.Id, cancellationToken) is null)
            return TypedResults.NotFound();
        if (await db.Exports.AsNoTracking().SingleOrDefaultAsync(export => export.UserId == caller.Id && export.State == ExportState.Pending, cancellationToken) is { } pending)
            return Accepted(pending);
        var dayAgo = now - TimeSpan.FromDays(1);
        var today = await db.Exports.Where(export => export.UserId == caller.Id && export.CreatedAt > dayAgo && export.State != ExportState.Failed)
            .OrderBy(export => export.Id).Select(export => export.CreatedAt).Take(PerDay).ToListAsync(cancellationToken);
        if (today.Count == PerDay)
            return PasswordCheck.TooMany(http, today[0] - dayAgo, $"There were {PerDay} exports in the last 24 hours. Wait before the next one.");

        var created = new Export { Id = Guid.CreateVersion7(now), UserId = caller.Id, State = ExportState.Pending, CreatedAt = now, ExpiresAt = now + ExportSweep.Kept, LeaseUntil = now };
        db.Add(created);
        outbox.Publish(new ExportRequested(created.Id, caller.Id, now));
        await db.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return Accepted(created);

        Accepted<Response> Accepted(Export export) => TypedResults.Accepted($"/api/users/me/exports/{export.Id:D}", Response.Of(export, now));
    }

    internal static async Task<Ok<ListResponse>> ListAsync(SignedInUser caller, UsersDb db, TimeProvider time, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var exports = await db.Exports.AsNoTracking().Where(export => export.UserId == caller.Id).OrderByDescending(export => export.Id).Take(MaxListed).ToListAsync(cancellationToken);
        return TypedResults.Ok(new ListResponse([.. exports.Select(export => Response.Of(export, now))]));
    }

    internal static async Task<Results<Ok<Response>, NotFound>> GetAsync(Guid id, SignedInUser caller, UsersDb db, TimeProvider time, CancellationToken cancellationToken) =>
        await db.Exports.AsNoTracking().SingleOrDefaultAsync(export => export.Id == id && export.UserId == caller.Id, cancellationToken) is { } export
            ? TypedResults.Ok(Response.Of(export, time.GetUtcNow()))
            : TypedResults.NotFound();
}
