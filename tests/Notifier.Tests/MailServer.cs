using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Threading.Channels;

namespace PhotoPlatform.Notifier.Tests;

/// <summary>What the mail server does with a mail.</summary>
public enum MailAnswer
{
    /// <summary>Takes it.</summary>
    Accept,

    /// <summary>Takes it, and says so when it is <see cref="MailServer.Release">told to</see>.</summary>
    AcceptLate,

    /// <summary>451 to the recipient.</summary>
    NotNow,

    /// <summary>550 to the recipient.</summary>
    Never,

    /// <summary>554 after the whole mail.</summary>
    NeverAfterData,

    /// <summary>Reads the whole mail and says nothing.</summary>
    Silence,

    /// <summary>Reads the whole mail and breaks the connection: it may have taken it or not.</summary>
    Reset,
}

/// <summary>An SMTP server (RFC 5321) that does as it is told, per recipient.</summary>
public sealed class MailServer : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentDictionary<string, ConcurrentQueue<MailAnswer>> _answers = new();
    private readonly TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Channel<ReceivedMail> _seen = Channel.CreateUnbounded<ReceivedMail>();

    public MailServer()
    {
        _listener.Start();
        _ = AcceptAsync();
    }

    public string Address => $"smtp://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}";

    /// <summary>From now on it takes connections and says nothing.</summary>
    public bool Hangs { get; set; }

    /// <summary>The answers to the next mails to a recipient; after them it accepts.</summary>
    public void Answer(string recipient, params MailAnswer[] answers) => _answers[recipient] = new(answers);

    /// <summary>Lets it say that it took what it took.</summary>
    public void Release() => _released.TrySetResult();

    /// <summary>The recipients of the mails that it took, in order.</summary>
    public ConcurrentQueue<string> Taken { get; } = new();

    /// <summary>The next try of anybody to send a mail.</summary>
    public async Task<ReceivedMail> NextAsync()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        return await _seen.Reader.ReadAsync(limit.Token);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
                _ = ServeAsync(await _listener.AcceptTcpClientAsync(_stop.Token));
        }
        catch (Exception exception) when (exception is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // Stopped.
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using var connection = client;
        var stream = client.GetStream();
        using var reader = new StreamReader(stream, Encoding.UTF8);
        await using var writer = new StreamWriter(stream, new UTF8Encoding(false)) { NewLine = "\r\n", AutoFlush = true };
        var recipients = new List<string>();
        try
        {
            if (Hangs)
                await Task.Delay(Timeout.Infinite, _stop.Token);
            await writer.WriteLineAsync("220 test");
            while (await reader.ReadLineAsync(_stop.Token) is { } line)
            {
                var command = line.Split(' ', ':')[0].ToUpperInvariant();
                if (command == "RCPT")
                    recipients.Add(line[(line.IndexOf('<', StringComparison.Ordinal) + 1)..line.IndexOf('>', StringComparison.Ordinal)]);
                if (command == "DATA")
                {
                    await writer.WriteLineAsync("354 go on");
                    var mail = new ReceivedMail([.. recipients], await ReadMailAsync(reader), Next(recipients[0]));
                    recipients.Clear();
                    if (mail.Answer == MailAnswer.Reset)
                        client.LingerState = new LingerOption(true, 0);
                    _seen.Writer.TryWrite(mail);
                    if (mail.Answer == MailAnswer.Silence)
                        await reader.ReadLineAsync(_stop.Token);
                    if (mail.Answer is MailAnswer.Silence or MailAnswer.Reset)
                        return;
                    if (mail.Answer == MailAnswer.AcceptLate)
                        await _released.Task.WaitAsync(_stop.Token);
                    if (mail.Answer is MailAnswer.Accept or MailAnswer.AcceptLate)
                        Taken.Enqueue(mail.Recipients[0]);
                    await writer.WriteLineAsync(mail.Answer == MailAnswer.NeverAfterData ? "554 no" : "250 taken");
                    continue;
                }
                var refusal = command == "RCPT" && _answers.TryGetValue(recipients[^1], out var answers) && answers.TryPeek(out var answer) && answer is MailAnswer.NotNow or MailAnswer.Never ? Next(recipients[^1]) : MailAnswer.Accept;
                if (refusal != MailAnswer.Accept)
                    _seen.Writer.TryWrite(new ReceivedMail([recipients[^1]], "", refusal));
                await writer.WriteLineAsync(command switch
                {
                    "QUIT" => "221 bye",
                    "EHLO" => "250 test",
                    _ when refusal == MailAnswer.NotNow => "451 4.7.1 not now",
                    _ when refusal == MailAnswer.Never => $"550 5.1.1 <{recipients[^1]}> does not live here",
                    _ => "250 ok",
                });
            }
        }
        catch (Exception exception) when (exception is IOException or OperationCanceledException or ObjectDisposedException)
        {
            // The client has gone, or the server.
        }
    }

    private static async Task<string> ReadMailAsync(StreamReader reader)
    {
        var mail = new StringBuilder();
        while (await reader.ReadLineAsync() is { } line && line != ".")
            mail.Append(line.StartsWith('.') ? line[1..] : line).Append("\r\n");
        return mail.ToString();
    }

    private MailAnswer Next(string recipient) => _answers.TryGetValue(recipient, out var answers) && answers.TryDequeue(out var answer) ? answer : MailAnswer.Accept;
}

/// <summary>A mail as it came over the wire; without source when its recipient was refused.</summary>
public sealed record ReceivedMail(IReadOnlyList<string> Recipients, string Source, MailAnswer Answer)
{
    private int HeaderEnd => Source.IndexOf("\r\n\r\n", StringComparison.Ordinal);

    /// <summary>The headers, unfolded: names and values.</summary>
    public ILookup<string, string> Headers => HeadersOf(Source[..HeaderEnd]);

    /// <summary>The text part, decoded.</summary>
    public string Text => Part("text/plain; charset=utf-8");

    /// <summary>The HTML part, decoded.</summary>
    public string Html => Part("text/html; charset=utf-8");

    private string Part(string type)
    {
        var boundary = Headers["content-type"].Single().Split('"')[1];
        foreach (var part in Source.Split($"\r\n--{boundary}\r\n")[1..])
        {
            var end = part.IndexOf("\r\n\r\n", StringComparison.Ordinal);
            if (HeadersOf(part[..end])["content-type"].Single() == type)
                return FromQuotedPrintable(part[(end + 4)..].Split($"\r\n--{boundary}--")[0]);
        }
        throw new InvalidDataException($"There is no part of type {type}.");
    }

    private static ILookup<string, string> HeadersOf(string text) => text.Replace("\r\n ", " ", StringComparison.Ordinal).Split("\r\n")
        .Select(line => line.Split(": ", 2)).ToLookup(pair => pair[0].ToLowerInvariant(), pair => pair.Length > 1 ? pair[1] : "");

    private static string FromQuotedPrintable(string text)
    {
        var joined = text.Replace("=\r\n", "", StringComparison.Ordinal);
        var bytes = new List<byte>();
        for (var i = 0; i < joined.Length; i++)
        {
            if (joined[i] == '=')
            {
                bytes.Add(Convert.ToByte(joined[(i + 1)..(i + 3)], 16));
                i += 2;
            }
            else
                bytes.Add((byte)joined[i]);
        }
        return Encoding.UTF8.GetString([.. bytes]).ReplaceLineEndings("\n");
    }
}
