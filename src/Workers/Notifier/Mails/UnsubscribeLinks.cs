using System.Buffers.Text;
using System.Security.Cryptography;

namespace PhotoPlatform.Notifier.Mails;

/// <summary>Kinds of mail that a user can do without. The values stand in links that were mailed: they never change.</summary>
internal enum MailCategory : byte
{
    /// <summary>Somebody follows them.</summary>
    Followed = 1,

    /// <summary>A photo was rejected, or failed.</summary>
    PhotoProblems = 2,
}

/// <summary>
/// The links of RFC 8058. A token names a user and a category and is signed; it does not expire, for a mail may be read years later, and it is good for nothing else.
/// </summary>
internal sealed class UnsubscribeLinks(MailSettings settings)
{
    private const byte Version = 1;
    private const int SignedLength = 1 + 16 + 1;
    private const int Length = SignedLength + HMACSHA256.HashSizeInBytes;

    // The key signs other links one day: a signature for one purpose must not do for another.
    private static ReadOnlySpan<byte> Purpose => "unsubscribe"u8;

    /// <summary>For mail programs: <c>POST</c> ends these mails at once.</summary>
    internal Uri OneClick(Guid userId, MailCategory category) => new(settings.PublicUrl, $"api/mail/unsubscribe?token={Token(userId, category)}");

    /// <summary>For people: a page that asks first.</summary>
    internal Uri Page(Guid userId, MailCategory category) => settings.AccountPage($"unsubscribe={Token(userId, category)}");

    /// <summary>Base64url of version, user, category and HMAC-SHA256.</summary>
    internal string Token(Guid userId, MailCategory category)
    {
        Span<byte> token = stackalloc byte[Length];
        token[0] = Version;
        userId.TryWriteBytes(token[1..], bigEndian: true, out _);
        token[SignedLength - 1] = (byte)category;
        Sign(token[..SignedLength], token[SignedLength..]);
        return Base64Url.EncodeToString(token);
    }

    /// <summary>Whom and what a token names, or null when it was not made here.</summary>
    internal (Guid UserId, MailCategory Category)? Read(string? token)
    {
        Span<byte> bytes = stackalloc byte[Length];
        if (token is null || token.Length != Base64Url.GetEncodedLength(Length) || !Base64Url.IsValid(token) || !Base64Url.TryDecodeFromChars(token, bytes, out var length) || length != Length)
            return null;
        Span<byte> signature = stackalloc byte[HMACSHA256.HashSizeInBytes];
        Sign(bytes[..SignedLength], signature);
        if (!CryptographicOperations.FixedTimeEquals(signature, bytes[SignedLength..]) || bytes[0] != Version)
            return null;
        return (new Guid(bytes.Slice(1, 16), bigEndian: true), (MailCategory)bytes[SignedLength - 1]);
    }

    private void Sign(ReadOnlySpan<byte> content, Span<byte> signature)
    {
        Span<byte> input = stackalloc byte[Purpose.Length + SignedLength];
        Purpose.CopyTo(input);
        content.CopyTo(input[Purpose.Length..]);
        HMACSHA256.HashData(settings.LinkKey, input, signature);
    }
}
