using System.Diagnostics;
using System.Net.Mail;
using System.Text;
using System.Text.Json;
using PhotoPlatform.Contracts;
using PhotoPlatform.Notifier.Data;
using PhotoPlatform.Notifier.Mails;

namespace PhotoPlatform.Notifier.Tests;

/// <summary>What we write, read by a parser that is not ours: Python's <c>email</c>.</summary>
public sealed class MimeTests
{
    private const string Parser = """
        import email, email.policy, glob, json, sys
        for path in sorted(glob.glob(sys.argv[1] + '/*.eml')):
            raw = open(path, 'rb').read()
            message = email.message_from_bytes(raw, policy=email.policy.default)
            parts = list(message.iter_parts())
            print(json.dumps({
                'headers': [name.lower() for name in message.keys()],
                'subject': str(message['subject']), 'to': [a.addr_spec for a in message['to'].addresses],
                'from': [[a.display_name, a.addr_spec] for a in message['from'].addresses],
                'date': message['date'].datetime.isoformat(), 'id': str(message['message-id']),
                'unsubscribe': str(message['list-unsubscribe'] or ''),
                'types': [message.get_content_type()] + [p.get_content_type() for p in parts],
                'text': parts[0].get_content(), 'html': parts[1].get_content(),
                'defects': [str(d) for m in [message] + parts for d in m.defects] + [str(d) for v in message.values() for d in v.defects],
                'longest': max(len(line) for line in raw.split(b'\r\n')), 'bare': raw.replace(b'\r\n', b'').count(b'\n') + raw.replace(b'\r\n', b'').count(b'\r'),
                'ascii': raw.isascii()}))
        """;

    private static readonly string[] Pieces =
    [
        "\r\n", "\n", "\r", "\0", "\t", "\u001B", "\u007F", "\u0085", "\u2028", "\u2029", "\u202E", "\u2066", "\u200F", "\u200B", "\u200D", "\uFEFF", "\uD83E", "\uDD8A", "🦊", "👩‍👩‍👧", "é", "e\u0301", "ß", "中文", "עברית", "العربية",
        "Bcc: eve@example.org", "Subject: x", "=?utf-8?Q?=0D=0ABcc:_eve?=", "=?", "?=", "=_", "--=_", ".", "\r\n.\r\n", "<script>alert(1)</script>", "\"", "'", "&amp;", "<", ">", "=", "=3D", "From ", " ", "   ", "a", "Ada", "Lovelace", "%0d%0a",
        "http://evil.example", "evil.example", "www.x", new string('x', 100), new string('ä', 80), "\\", ";", ",", "(", ")", "@", ":",
    ];

    private static readonly MailSettings Settings = new(new Uri("smtp://localhost:25"), new MailAddress("no-reply@example.org", "Phöto, \"Platform\""), new Uri("https://photos.example/"), new byte[32], null);

    [Fact]
    public async Task Whatever_names_hold_an_independent_parser_reads_what_we_meant()
    {
        var folder = Directory.CreateTempSubdirectory("photoplatform-mime-");
        try
        {
            var random = new Random(42);
            var mails = Enumerable.Range(0, 500).Select(number => Mail(random, number)).ToArray();
            for (var i = 0; i < mails.Length; i++)
                await File.WriteAllBytesAsync(Path.Combine(folder.FullName, $"{i:0000}.eml"), MimeMessage.Build(mails[i], Settings.From, "photos.example"));
            var parsed = await ParseAsync(folder.FullName);
            Assert.Equal(mails.Length, parsed.Count);
            foreach (var (mail, read) in mails.Zip(parsed))
            {
                string[] optional = mail.Unsubscribe is null ? [] : ["list-unsubscribe", "list-unsubscribe-post"];
                Assert.Equal(["date", "from", "to", "subject", "message-id", "auto-submitted", .. optional, "mime-version", "content-type"], Strings(read, "headers"));
                Assert.Equal(mail.Subject, read.GetProperty("subject").GetString());
                Assert.Equal([mail.To!], Strings(read, "to"));
                Assert.Equal("Phöto, \"Platform\"", read.GetProperty("from")[0][0].GetString());
                Assert.Equal("2026-11-21T09:08:07+00:00", read.GetProperty("date").GetString());
                Assert.Equal($"<{mail.Id:D}@photos.example>", read.GetProperty("id").GetString());
                Assert.Equal(mail.Unsubscribe is null ? "" : $"<{mail.Unsubscribe}>", read.GetProperty("unsubscribe").GetString());
                Assert.Equal(["multipart/alternative", "text/plain", "text/html"], Strings(read, "types"));
                Assert.Equal(mail.Text!.ReplaceLineEndings("\n"), read.GetProperty("text").GetString()!.ReplaceLineEndings("\n"));
                Assert.Equal(mail.Html!.ReplaceLineEndings("\n"), read.GetProperty("html").GetString()!.ReplaceLineEndings("\n"));
                Assert.Empty(Strings(read, "defects"));
                Assert.Equal((0, true), (read.GetProperty("bare").GetInt32(), read.GetProperty("ascii").GetBoolean()));
                Assert.InRange(read.GetProperty("longest").GetInt32(), 1, mail.Unsubscribe is null ? 78 : 200);
                Assert.DoesNotContain("<script", mail.Html, StringComparison.Ordinal);
                Assert.DoesNotContain("evil.example", mail.Subject, StringComparison.Ordinal);
                Assert.DoesNotContain(mail.Text!, c => c is '\u202E' or '\u2066' or '\u200F' or '\u200B' or '\uFEFF' or '\0' or '\u001B' or '\r');
            }
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Theory]
    [InlineData("", "")]
    [InlineData("a=b", "a=3Db")]
    [InlineData("end ", "end=20")]
    [InlineData("tab\t", "tab=09")]
    [InlineData("é", "=C3=A9")]
    [InlineData("a\r\nb\nc", "a\r\nb\r\nc")]
    public void Quoted_printable_is_as_in_rfc_2045(string text, string encoded) => Assert.Equal(encoded + "\r\n", MimeMessage.QuotedPrintable(text));

    [Theory]
    [InlineData("Ada Lovelace", "Ada Lovelace")]
    [InlineData("  Ada \u00A0\t Lovelace ", "Ada Lovelace")]
    [InlineData("J. R. R. Tolkien", "J. R. R. Tolkien")]
    [InlineData("👩‍👩‍👧", "👩‍👩‍👧")]
    [InlineData("\u202Eelttab\u202C", "elttab")]
    [InlineData("\uD800", "handle")]
    [InlineData("\u200B\u200D ", "handle")]
    [InlineData("see http://evil.example", "handle")]
    [InlineData("evil.example", "handle")]
    [InlineData("me@evil", "handle")]
    public void A_name_is_one_line_without_invisible_marks_and_links(string name, string plain) => Assert.Equal(plain, PlainName.Of(name, "handle"));

    [Fact]
    public void A_long_name_is_cut_between_characters() => Assert.Equal(string.Concat(Enumerable.Repeat("🦊", 60)), PlainName.Of(string.Concat(Enumerable.Repeat("🦊", 500)), "handle"));

    private static Mail Mail(Random random, int number)
    {
        var texts = new MailTexts(Settings, new UnsubscribeLinks(Settings));
        var user = Guid.NewGuid();
        var data = new Dictionary<string, string> { ["displayName"] = Name() + "x", ["token"] = Name() + "t", ["expiresAt"] = "2026-12-01T10:30:00Z" };
        var content = (number % 4) switch
        {
            0 => texts.Welcome(Name(), Name()),
            1 => texts.Followed(PlainName.Of(Name(), Name()), new UserFollowed(Guid.NewGuid(), Name(), Name(), user, default), user),
            2 => texts.Of(new MailRequested(user, MailTemplates.PasswordReset, "", data)),
            _ => texts.Of(new MailRequested(user, MailTemplates.AlreadyRegistered, "", data)),
        };
        return new Mail
        {
            Id = Guid.NewGuid(), UserId = user, ActorId = null, Template = content.Template, To = "ada@example.org", Subject = content.Subject, Text = content.ToText(), Html = content.ToHtml(),
            Unsubscribe = content.Unsubscribe?.AbsoluteUri, TraceParent = null, CreatedAt = new DateTimeOffset(2026, 11, 21, 9, 8, 7, TimeSpan.Zero), NextAttemptAt = default,
        };

        string Name() => string.Concat(Enumerable.Range(0, random.Next(1, 7)).Select(_ => Pieces[random.Next(Pieces.Length)]));
    }

    private static async Task<List<JsonElement>> ParseAsync(string folder)
    {
        using var python = Process.Start(new ProcessStartInfo("/usr/bin/python3", ["-c", Parser, folder]) { RedirectStandardOutput = true, RedirectStandardError = true, StandardOutputEncoding = Encoding.UTF8 })!;
        var errors = python.StandardError.ReadToEndAsync();
        var lines = new List<JsonElement>();
        while (await python.StandardOutput.ReadLineAsync() is { } line)
            lines.Add(JsonSerializer.Deserialize<JsonElement>(line));
        await python.WaitForExitAsync();
        Assert.Equal((0, ""), (python.ExitCode, await errors));
        return lines;
    }

    private static string[] Strings(JsonElement read, string name) => [.. read.GetProperty(name).EnumerateArray().Select(value => value.GetString()!)];
}
