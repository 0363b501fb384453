using System.CommandLine;
using System.Globalization;
using System.Text;
using System.Text.Json;
using PhotoPlatform.Messaging.DeadLetters;

namespace PhotoPlatform.DeadLetterDesk;

/// <summary><c>show</c>: the story of one message.</summary>
internal static class ShowCommand
{
    internal static Command Create()
    {
        var command = new Command("show", "Shows one dead letter. An event that failed in several consumers is a letter of each.");
        var id = new Argument<string>("ID") { Description = "the message's id, as list --each shows it" };
        var queue = new Option<string?>("--queue") { Description = "only the letter of this consumer's queue" };
        var body = new Option<bool>("--body") { Description = "also what the message says; it may hold personal data" };
        var json = new Option<bool>("--json") { Description = "as JSON" };
        command.Add(id);
        command.Add(queue);
        command.Add(body);
        command.Add(json);
        command.SetAction(DeskSession.Run(async (desk, arguments, cancellationToken) =>
        {
            var wanted = arguments.GetRequiredValue(id);
            await using var selection = await desk.SelectAsync(LetterFilter.OfMessage(wanted, arguments.GetValue(queue)), arguments.GetValue(body), cancellationToken);
            DeskSession.TellIncomplete(selection);
            if (selection.Letters.Count == 0)
            {
                await Console.Error.WriteLineAsync($"dead-letters: there is no dead letter with the id '{wanted}'; list --each shows those there are.");
                return ExitCode.SomethingStays;
            }
            if (arguments.GetValue(json))
                Output.Json(selection.Letters.Select(letter => new { Letter = new LetterRow(letter), Headers = letter.HeadersAsText(), Body = arguments.GetValue(body) ? BodyOf(letter) : (object?)null }));
            else
                Write(selection.Letters, arguments.GetValue(body));
            return ExitCode.Done;
        }));
        return command;
    }

    private static void Write(IEnumerable<DeadLetter> letters, bool withBody)
    {
        foreach (var letter in letters)
        {
            Output.Table(["queue", letter.Queue],
            [
                ["id", letter.Id],
                ["reason", letter.Reason],
                ["exception", letter.Exception ?? "-"],
                ["fault", letter.StackHash ?? "-"],
                ["tries", letter.Attempts?.ToString(CultureInfo.InvariantCulture) ?? "-"],
                ["first failed", letter.FirstAt?.ToString("u", CultureInfo.InvariantCulture) ?? "-"],
                ["given up", letter.LastAt?.ToString("u", CultureInfo.InvariantCulture) ?? "-"],
                ["published to", letter.Exchange switch { null => "-", "" => "the queue", var exchange => exchange }],
                ["trace", letter.TraceId ?? "-"],
                ["bytes", letter.Size.ToString(CultureInfo.InvariantCulture)],
                .. letter.HeadersAsText().OrderBy(header => header.Key, StringComparer.Ordinal).Select(header => new[] { $"header {header.Key}", header.Value }),
            ]);
            if (withBody)
                Console.Out.WriteLine(BodyOf(letter) is JsonElement json ? Output.Indented(json) : BodyOf(letter));
            Console.Out.WriteLine();
        }
    }

    /// <summary>JSON where it is, else text where it is, else base64.</summary>
    private static object BodyOf(DeadLetter letter)
    {
        try
        {
            return JsonSerializer.Deserialize<JsonElement>(letter.Body.Span);
        }
        catch (JsonException)
        {
            return System.Text.Unicode.Utf8.IsValid(letter.Body.Span) ? Encoding.UTF8.GetString(letter.Body.Span) : Convert.ToBase64String(letter.Body.Span);
        }
    }
}
