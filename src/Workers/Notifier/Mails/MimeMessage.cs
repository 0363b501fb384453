using System.Globalization;
using System.Net.Mail;
using System.Text;
using PhotoPlatform.Notifier.Data;

namespace PhotoPlatform.Notifier.Mails;

/// <summary>
/// A mail as the bytes that go over the wire: headers by RFC 5322 with encoded words by RFC 2047, text and HTML as multipart/alternative in quoted-printable
/// (RFC 2045, 2046). All of it is ASCII in lines of at most 76 characters, addresses and links aside, so that no server on the way changes anything.
/// </summary>
internal static class MimeMessage
{
    private const int MaxLine = 76;

    // An encoded word has at most 75 characters, =?utf-8?B??= among them; 45 bytes become 60.
    private const int MaxWordBytes = 45;
    private const string Newline = "\r\n";

    internal static byte[] Build(Mail mail, MailAddress from, string host)
    {
        // Quoted-printable text cannot hold "=_".
        var boundary = $"=_{mail.Id:N}";
        var message = new StringBuilder();
        Header("Date", mail.CreatedAt.UtcDateTime.ToString("ddd, dd MMM yyyy HH:mm:ss", CultureInfo.InvariantCulture) + " +0000");
        Header("From", from.DisplayName.Length == 0 ? from.Address : $"{Phrase(from.DisplayName)} <{from.Address}>");
        Header("To", mail.To!);
        Header("Subject", Unstructured(mail.Subject!));
        Header("Message-ID", $"<{mail.Id:D}@{host}>");
        Header("Auto-Submitted", "auto-generated");
        if (mail.Unsubscribe is { } unsubscribe)
        {
            Header("List-Unsubscribe", $"<{unsubscribe}>");
            Header("List-Unsubscribe-Post", "List-Unsubscribe=One-Click");
        }
        Header("MIME-Version", "1.0");
        Header("Content-Type", $"multipart/alternative;{Newline} boundary=\"{boundary}\"");
        Part("plain", mail.Text!);
        Part("html", mail.Html!);
        message.Append(Newline).Append("--").Append(boundary).Append("--").Append(Newline);
        return Encoding.ASCII.GetBytes(message.ToString());

        void Header(string name, string value) => message.Append(name).Append(": ").Append(value).Append(Newline);

        void Part(string subtype, string text)
        {
            message.Append(Newline).Append("--").Append(boundary).Append(Newline);
            Header("Content-Type", $"text/{subtype}; charset=utf-8");
            Header("Content-Transfer-Encoding", "quoted-printable");
            message.Append(Newline).Append(QuotedPrintable(text));
        }
    }

    /// <summary>Free text of a header. Control characters, which alone can end a header, are left out.</summary>
    internal static string Unstructured(string text)
    {
        var line = string.Concat(text.Where(c => !char.IsControl(c)));
        return line.All(char.IsAscii) && line.Length <= MaxLine - "Subject: ".Length && !line.Contains("=?", StringComparison.Ordinal) ? line : EncodedWords(line);
    }

    /// <summary>A display name: quoted, or in encoded words.</summary>
    private static string Phrase(string name) =>
        name.All(c => char.IsAsciiLetterOrDigit(c) || c is ' ' or '.' or '-' or '\'') && name.Length < MaxLine / 2 ? $"\"{name}\"" : EncodedWords(string.Concat(name.Where(c => !char.IsControl(c))));

    /// <summary>One word a line; no character is divided between two.</summary>
    private static string EncodedWords(string text)
    {
        var words = new List<string>();
        var bytes = new List<byte>();
        Span<byte> utf8 = stackalloc byte[4];
        foreach (var rune in text.EnumerateRunes())
        {
            var count = rune.EncodeToUtf8(utf8);
            if (bytes.Count + count > MaxWordBytes)
                Close();
            bytes.AddRange(utf8[..count]);
        }
        Close();
        return string.Join($"{Newline} ", words);

        void Close()
        {
            words.Add($"=?utf-8?B?{Convert.ToBase64String([.. bytes])}?=");
            bytes.Clear();
        }
    }

    /// <summary>Text as quoted-printable, with CRLF at the end of every line.</summary>
    internal static string QuotedPrintable(string text)
    {
        var encoded = new StringBuilder();
        foreach (var line in text.ReplaceLineEndings("\n").TrimEnd('\n').Split('\n'))
        {
            var column = 0;
            var bytes = Encoding.UTF8.GetBytes(line);
            for (var i = 0; i < bytes.Length; i++)
            {
                var (value, last) = ((char)bytes[i], i == bytes.Length - 1);
                // A space at the end of a line would be taken for padding.
                var plain = value is >= '!' and <= '~' and not '=' || (value is ' ' or '\t' && !last);
                var width = plain ? 1 : 3;
                if (column + width > (last ? MaxLine : MaxLine - 1))
                {
                    encoded.Append('=').Append(Newline);
                    column = 0;
                }
                if (plain)
                    encoded.Append(value);
                else
                    encoded.Append('=').Append(bytes[i].ToString("X2", CultureInfo.InvariantCulture));
                column += width;
            }
            encoded.Append(Newline);
        }
        return encoded.ToString();
    }
}
