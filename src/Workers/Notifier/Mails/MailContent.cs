using System.Net;

namespace PhotoPlatform.Notifier.Mails;

/// <summary>What a mail says, as plain text; its two forms are made from it.</summary>
/// <param name="Template">Its name in the table and in logs.</param>
/// <param name="Subject">One line.</param>
/// <param name="Greeting">The first line.</param>
/// <param name="Lines">Paragraphs before the action.</param>
/// <param name="Action">What the reader can do: a few words, and where.</param>
/// <param name="Notes">Paragraphs in small print at the end.</param>
internal sealed record MailContent(string Template, string Subject, string Greeting, IReadOnlyList<string> Lines, (string Label, Uri Url)? Action, IReadOnlyList<string> Notes)
{
    private const string NoteStyle = "margin:0 0 12px;font-size:13px;color:#52525b;";

    /// <summary>Where one click ends mails of this kind; null for mails about the account itself.</summary>
    internal Uri? Unsubscribe { get; init; }

    /// <summary>Other places to go, in small print after the notes.</summary>
    internal IReadOnlyList<(string Label, Uri Url)> Links { get; init; } = [];

    internal string ToText()
    {
        IEnumerable<string> action = Action is var (label, url) ? [$"{label}:\n{url.AbsoluteUri}"] : [];
        return string.Join("\n\n", [Greeting, .. Lines, .. action, .. Notes, .. Links.Select(link => $"{link.Label}: {link.Url.AbsoluteUri}"), "PhotoPlatform"]) + "\n";
    }

    /// <summary>One column that fits phones, no picture, nothing from the network; colours for light, and for dark where the program knows of it.</summary>
    internal string ToHtml() => $$"""
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <meta name="supported-color-schemes" content="light dark">
        <title>{{Escape(Subject)}}</title>
        <style>
        :root { color-scheme: light dark; }
        @media (prefers-color-scheme: dark) {
          .page { background: #18181b !important; }
          .card { background: #27272a !important; color: #f4f4f5 !important; }
          .note, .note a { color: #a1a1aa !important; }
          .button { background: #93c5fd !important; color: #172554 !important; }
        }
        </style>
        </head>
        <body class="page" style="margin:0;padding:0;background:#f4f4f5;">
        <table role="presentation" class="page" width="100%" cellpadding="0" cellspacing="0" style="background:#f4f4f5;">
        <tr><td align="center" style="padding:24px 12px;">
        <table role="presentation" class="card" width="100%" cellpadding="0" cellspacing="0" style="max-width:560px;background:#ffffff;color:#18181b;border-radius:12px;">
        <tr><td style="padding:28px 28px 20px;font:16px/1.5 system-ui,-apple-system,'Segoe UI',Roboto,sans-serif;overflow-wrap:anywhere;">
        <p style="margin:0 0 20px;font-weight:600;">PhotoPlatform</p>
        {{Paragraphs([Greeting, .. Lines], "margin:0 0 16px;")}}
        {{Button()}}
        {{Paragraphs(Notes, NoteStyle, "note")}}
        {{string.Join('\n', Links.Select(link => $"<p class=\"note\" style=\"{NoteStyle}\"><a href=\"{Escape(link.Url.AbsoluteUri)}\" style=\"color:#52525b;\">{Escape(link.Label)}</a></p>"))}}
        </td></tr>
        </table>
        </td></tr>
        </table>
        </body>
        </html>

        """;

    private static string Paragraphs(IEnumerable<string> texts, string style, string name = "line") =>
        string.Join('\n', texts.Select(text => $"<p class=\"{name}\" style=\"{style}\">{Escape(text)}</p>"));

    private string Button() => Action is not var (label, url) ? "" : $"""
        <p style="margin:24px 0;"><a class="button" href="{Escape(url.AbsoluteUri)}" style="display:inline-block;padding:12px 20px;border-radius:8px;background:#1d4ed8;color:#ffffff;font-weight:600;text-decoration:none;">{Escape(label)}</a></p>
        <p class="note" style="margin:0 0 16px;font-size:13px;color:#52525b;">Or open this address: {Escape(url.AbsoluteUri)}</p>
        """;

    private static string Escape(string text) => WebUtility.HtmlEncode(text);
}
