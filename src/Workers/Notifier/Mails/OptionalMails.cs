using Microsoft.EntityFrameworkCore;
using PhotoPlatform.Contracts;
using PhotoPlatform.Notifier.Data;

namespace PhotoPlatform.Notifier.Mails;

/// <summary>Mails that a user can do without: of each kind one a day (UTC) at most, and none when they said so.</summary>
internal sealed class OptionalMails(NotifierDb db, MailQueue queue, MailTexts texts, TimeProvider time)
{
    private DateOnly Today => DateOnly.FromDateTime(time.GetUtcNow().UtcDateTime);

    internal async Task AddFollowedAsync(Guid messageId, UserFollowed follow, CancellationToken cancellationToken)
    {
        var recipients = await db.Recipients.FromSql($"""
            UPDATE recipients SET followed_mail_on = {Today} WHERE user_id = {follow.FolloweeId} AND followed_mail_on IS DISTINCT FROM {Today}
            AND NOT EXISTS (SELECT FROM mail_preferences WHERE user_id = {follow.FolloweeId} AND NOT followed) RETURNING *
            """).AsNoTracking().ToListAsync(cancellationToken);
        if (recipients is [var to])
            await queue.AddAsync(messageId, to.UserId, to.Email, texts.Followed(PlainName.Of(to.DisplayName, to.Handle), follow, to.UserId), cancellationToken, follow.FollowerId);
    }

    internal async Task AddPhotoProblemAsync(Guid messageId, PhotoUnusable photo, CancellationToken cancellationToken)
    {
        var recipients = await db.Recipients.FromSql($"""
            UPDATE recipients SET photo_problems_mail_on = {Today} WHERE user_id = {photo.OwnerId} AND photo_problems_mail_on IS DISTINCT FROM {Today}
            AND NOT EXISTS (SELECT FROM mail_preferences WHERE user_id = {photo.OwnerId} AND NOT photo_problems) RETURNING *
            """).AsNoTracking().ToListAsync(cancellationToken);
        if (recipients is [var to])
            await queue.AddAsync(messageId, to.UserId, to.Email, texts.PhotoProblem(PlainName.Of(to.DisplayName, to.Handle), photo, to.UserId), cancellationToken);
    }
}
