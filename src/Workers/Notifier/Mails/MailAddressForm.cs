using System.Buffers;

namespace PhotoPlatform.Notifier.Mails;

/// <summary>Which addresses mail is sent to: the plain form <c>local@domain</c> of RFC 5321, in ASCII, without quotes, comments or address literals.</summary>
internal static class MailAddressForm
{
    private const int MaxLength = 254;
    private const int MaxLocal = 64;
    private static readonly SearchValues<char> Local = SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-/=?^_`{|}~.");
    private static readonly SearchValues<char> Domain = SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.");

    internal static bool IsPlain(string? address)
    {
        if (address is not { Length: > 2 and <= MaxLength })
            return false;
        var at = address.IndexOf('@', StringComparison.Ordinal);
        return at is > 0 and <= MaxLocal && at < address.Length - 1
            && !address.AsSpan(0, at).ContainsAnyExcept(Local) && !address.AsSpan(at + 1).ContainsAnyExcept(Domain);
    }
}
