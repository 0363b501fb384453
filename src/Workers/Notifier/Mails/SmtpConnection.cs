using System.Globalization;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.RegularExpressions;

namespace PhotoPlatform.Notifier.Mails;

/// <summary>
/// One conversation with a mail server (RFC 5321): it sends one mail, and tells at which step it failed and with which code, which System.Net.Mail does not.
/// Every step has a limit of its own, and an answer its greatest length.
/// </summary>
internal sealed partial class SmtpConnection : IDisposable
{
    private const int MaxLine = 2000;
    private const int MaxLines = 100;
    private static readonly TimeSpan StepLimit = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan ContentLimit = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan GoodbyeLimit = TimeSpan.FromSeconds(1);

    private readonly TcpClient _client = new() { NoDelay = true };
    private readonly TimeProvider _time;
    private readonly CancellationToken _cancellationToken;
    private readonly byte[] _buffer = new byte[4096];
    private Stream _stream = Stream.Null;
    private int _start;
    private int _end;

    private SmtpConnection(TimeProvider time, CancellationToken cancellationToken) => (_time, _cancellationToken) = (time, cancellationToken);

    /// <summary>Returns when the server has taken the mail over.</summary>
    /// <exception cref="MailNotSentException">It has not, or not surely.</exception>
    internal static async Task SendAsync(MailSettings settings, string to, ReadOnlyMemory<byte> message, TimeProvider time, CancellationToken cancellationToken)
    {
        if (!MailAddressForm.IsPlain(to))
            throw new MailNotSentException(SmtpStep.Address, null, "not one plain address");
        using var connection = new SmtpConnection(time, cancellationToken);
        await connection.OpenAsync(settings);
        await connection.AskAsync(SmtpStep.Sender, $"MAIL FROM:<{settings.From.Address}>", 250);
        await connection.AskAsync(SmtpStep.Recipient, $"RCPT TO:<{to}>", 250, 251);
        await connection.AskAsync(SmtpStep.Data, "DATA", 354);
        await connection.StepAsync(SmtpStep.Content, ContentLimit, token => connection.WriteContentAsync(message, token), 250);
        await connection.LeaveAsync();
    }

    public void Dispose()
    {
        _stream.Dispose();
        _client.Dispose();
    }

    private async Task OpenAsync(MailSettings settings)
    {
        var server = settings.Server;
        await LimitAsync(SmtpStep.Connect, StepLimit, async token =>
        {
            await _client.ConnectAsync(server.Host, server.Port, token);
            _stream = _client.GetStream();
            if (server.Scheme == "smtps")
                await SecureAsync(settings, token);
        });
        await StepAsync(SmtpStep.Greeting, StepLimit, _ => Task.CompletedTask, 220);
        var hello = $"EHLO {(settings.PublicUrl.HostNameType == UriHostNameType.Dns ? settings.PublicUrl.Host : "localhost")}";
        await AskAsync(SmtpStep.Hello, hello, 250);
        if (server.UserInfo.Length == 0)
            return;

        if (server is { Scheme: "smtp", IsLoopback: false })
        {
            await AskAsync(SmtpStep.Hello, "STARTTLS", 220);
            // What came before TLS could be anybody's.
            _start = _end = 0;
            await LimitAsync(SmtpStep.Connect, StepLimit, token => SecureAsync(settings, token));
            await AskAsync(SmtpStep.Hello, hello, 250);
        }
        var (user, password) = server.UserInfo.Split(':', 2) is [var name, var secret] ? (Uri.UnescapeDataString(name), Uri.UnescapeDataString(secret)) : (Uri.UnescapeDataString(server.UserInfo), "");
        await AskAsync(SmtpStep.SignIn, $"AUTH PLAIN {Convert.ToBase64String(Encoding.UTF8.GetBytes($"\0{user}\0{password}"))}", 235);
    }

    private async Task SecureAsync(MailSettings settings, CancellationToken cancellationToken)
    {
        var secure = new SslStream(_stream);
        _stream = secure;
        var options = new SslClientAuthenticationOptions { TargetHost = settings.Server.Host };
        if (settings.Root is { } root)
            options.CertificateChainPolicy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, CustomTrustStore = { root }, RevocationMode = X509RevocationMode.NoCheck };
        await secure.AuthenticateAsClientAsync(options, cancellationToken);
    }

    private Task AskAsync(SmtpStep step, string command, params int[] expected) =>
        StepAsync(step, StepLimit, token => _stream.WriteAsync(Encoding.ASCII.GetBytes(command + "\r\n"), token).AsTask(), expected);

    private Task StepAsync(SmtpStep step, TimeSpan limit, Func<CancellationToken, Task> say, params int[] expected) => LimitAsync(step, limit, async token =>
    {
        await say(token);
        var (code, status) = await ReadReplyAsync(step, token);
        if (!expected.Contains(code))
            throw new MailNotSentException(step, code, $"{code.ToString(CultureInfo.InvariantCulture)} {status}".TrimEnd());
    });

    private async Task LimitAsync(SmtpStep step, TimeSpan limit, Func<CancellationToken, Task> act)
    {
        using var late = new CancellationTokenSource(limit, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(_cancellationToken, late.Token);
        try
        {
            await act(either.Token);
        }
        catch (OperationCanceledException) when (!_cancellationToken.IsCancellationRequested)
        {
            throw new MailNotSentException(step, null, $"nothing within {limit.TotalSeconds.ToString(CultureInfo.InvariantCulture)} s");
        }
        catch (SocketException exception)
        {
            throw new MailNotSentException(step, null, $"no connection ({exception.SocketErrorCode})");
        }
        catch (AuthenticationException)
        {
            throw new MailNotSentException(step, null, "no trusted TLS");
        }
        catch (IOException exception)
        {
            throw new MailNotSentException(step, null, $"the connection broke ({(exception.InnerException as SocketException)?.SocketErrorCode.ToString() ?? "end"})");
        }
    }

    /// <summary>A line that begins with a dot gets another (RFC 5321, section 4.5.2).</summary>
    private async Task WriteContentAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken)
    {
        var content = new MemoryStream(message.Length + 64);
        var atLineStart = true;
        foreach (var value in message.Span)
        {
            if (atLineStart && value == '.')
                content.WriteByte((byte)'.');
            content.WriteByte(value);
            atLineStart = value == '\n';
        }
        content.Write(".\r\n"u8);
        await _stream.WriteAsync(content.GetBuffer().AsMemory(0, (int)content.Length), cancellationToken);
    }

    private async Task LeaveAsync()
    {
        try
        {
            await StepAsync(SmtpStep.Content, GoodbyeLimit, token => _stream.WriteAsync("QUIT\r\n"u8.ToArray(), token).AsTask(), 221);
        }
        catch (MailNotSentException)
        {
            // The mail is the server's already, however it says goodbye.
        }
    }

    /// <summary>An answer of one or more lines, <c>250-text</c> and at last <c>250 text</c>: its code, and the status at the beginning of its last line (RFC 3463).</summary>
    private async Task<(int Code, string Status)> ReadReplyAsync(SmtpStep step, CancellationToken cancellationToken)
    {
        for (var count = 0; count < MaxLines; count++)
        {
            var line = await ReadLineAsync(step, cancellationToken);
            if (Reply().Match(line) is not { Success: true } reply)
                throw Odd(step);
            if (reply.Groups["more"].Value != "-")
                return (int.Parse(reply.Groups["code"].Value, CultureInfo.InvariantCulture), reply.Groups["status"].Value);
        }
        throw Odd(step);
    }

    private async Task<string> ReadLineAsync(SmtpStep step, CancellationToken cancellationToken)
    {
        var line = new StringBuilder();
        while (true)
        {
            while (_start < _end)
            {
                var value = _buffer[_start++];
                if (value == '\n')
                    return line.ToString().TrimEnd('\r');
                line.Append((char)value);
                if (line.Length > MaxLine)
                    throw Odd(step);
            }
            (_start, _end) = (0, await _stream.ReadAsync(_buffer, cancellationToken));
            if (_end == 0)
                throw new EndOfStreamException();
        }
    }

    private static MailNotSentException Odd(SmtpStep step) => new(step, null, "an answer that is none");

    [GeneratedRegex(@"^(?<code>[2-5]\d\d)(?:(?<more>[- ])(?<status>[245]\.\d{1,3}\.\d{1,3}(?=\s|$))?.*)?$", RegexOptions.Singleline)]
    private static partial Regex Reply();
}
