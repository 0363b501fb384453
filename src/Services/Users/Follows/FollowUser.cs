using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using PhotoPlatform.Contracts;
using PhotoPlatform.Messaging.Outbox;
using PhotoPlatform.ServiceDefaults.Identity;
using PhotoPlatform.Users.Accounts;
using PhotoPlatform.Users.Data;

namespace PhotoPlatform.Users.Follows;

/// <summary>
/// <c>PUT</c> and <c>DELETE /api/users/{handle}/follow</c>. The counts on both users' rows change with the row of the follow, under the locks of both, so they are exact;
/// the locks are taken in the order of the ids, so that two who follow each other do not wait for each other.
/// </summary>
internal static class FollowUser
{
    internal const int MaxFollowing = 5_000;

    internal static async Task<Results<NoContent, NotFound, ProblemHttpResult>> HandleAsync(
        string handle, SignedInUser caller, UsersDb db, Outbox<UsersDb> outbox, TimeProvider time, CancellationToken cancellationToken)
    {
        if (await db.FindByHandleAsync(handle, cancellationToken) is not { } found)
            return TypedResults.NotFound();
        if (found.Id == caller.Id)
            return TypedResults.Problem(statusCode: StatusCodes.Status422UnprocessableEntity, detail: "Nobody can follow themselves.");

        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        if (await LockBothAsync(db, caller.Id, found.Id, cancellationToken) is not var (follower, followee))
            return TypedResults.NotFound();
        var now = time.GetUtcNow();
        // A try that changes nothing must not meet the limit.
        if (await db.Follows.AnyAsync(follow => follow.FollowerId == follower.Id && follow.FolloweeId == followee.Id, cancellationToken))
            return TypedResults.NoContent();
        if (follower.FollowingCount >= MaxFollowing)
            return TypedResults.Problem(statusCode: StatusCodes.Status422UnprocessableEntity, detail: $"Nobody can follow more than {MaxFollowing} others.");
        db.Add(new Follow { FollowerId = follower.Id, FolloweeId = followee.Id, At = now });
        follower.FollowingCount++;
        followee.FollowerCount++;
        outbox.Publish(new UserFollowed(follower.Id, follower.Handle, follower.DisplayName, followee.Id, now));
        await db.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return TypedResults.NoContent();
    }

    internal static async Task<Results<NoContent, NotFound>> UndoAsync(string handle, SignedInUser caller, UsersDb db, CancellationToken cancellationToken)
    {
        if (await db.FindByHandleAsync(handle, cancellationToken) is not { } found)
            return TypedResults.NotFound();
        if (found.Id == caller.Id)
            return TypedResults.NoContent();

        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        if (await LockBothAsync(db, caller.Id, found.Id, cancellationToken) is not var (follower, followee))
            return TypedResults.NotFound();
        if (await db.Follows.Where(follow => follow.FollowerId == follower.Id && follow.FolloweeId == followee.Id).ExecuteDeleteAsync(cancellationToken) == 1)
        {
            follower.FollowingCount--;
            followee.FollowerCount--;
            await db.SaveChangesAsync(cancellationToken);
            await transaction.CommitAsync(cancellationToken);
        }
        return TypedResults.NoContent();
    }

    /// <summary>Both users, locked until the transaction ends; null when one of them is gone.</summary>
    private static async Task<(User Follower, User Followee)?> LockBothAsync(UsersDb db, Guid follower, Guid followee, CancellationToken cancellationToken)
    {
        var both = await db.Users.FromSql($"SELECT * FROM users WHERE id IN ({follower}, {followee}) ORDER BY id FOR NO KEY UPDATE").ToListAsync(cancellationToken);
        return both.Count < 2 ? null : (both.Single(user => user.Id == follower), both.Single(user => user.Id == followee));
    }
}
