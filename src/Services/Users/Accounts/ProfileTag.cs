using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Net.Http.Headers;
using PhotoPlatform.Users.Data;

namespace PhotoPlatform.Users.Accounts;

/// <summary>
/// The entity tag of an account: the revision of what its owner can edit, then of what else is shown. A change is refused only when the first is stale:
/// a new follower between reading and writing is no conflict.
/// </summary>
internal static class ProfileTag
{
    internal static EntityTagHeaderValue Of(User user, string email = "")
    {
        var rest = SHA256.HashData(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{user.FollowerCount} {user.FollowingCount} {user.AvatarUrl} {email}")));
        return new EntityTagHeaderValue(string.Create(CultureInfo.InvariantCulture, $"\"{user.Revision}-{Convert.ToHexStringLower(rest.AsSpan(0, 8))}\""));
    }

    /// <summary>Whether a change may go on (RFC 9110, section 13.1.1): there is no <c>If-Match</c>, or it names this revision.</summary>
    internal static bool Allows(HttpRequest request, User user)
    {
        if (request.Headers.IfMatch.Count == 0)
            return true;
        var revision = string.Create(CultureInfo.InvariantCulture, $"\"{user.Revision}-");
        return EntityTagHeaderValue.TryParseList(request.Headers.IfMatch, out var tags)
            && tags.Any(tag => tag.Equals(EntityTagHeaderValue.Any) || (!tag.IsWeak && tag.Tag.StartsWith(revision, StringComparison.Ordinal)));
    }
}
