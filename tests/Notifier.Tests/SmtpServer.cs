using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace PhotoPlatform.Notifier.Tests;

/// <summary>A mail server that says one odd thing, and otherwise what it should.</summary>
/// <param name="at">The command that it answers so: a verb, CONNECT, or END of the mail.</param>
/// <param name="answer">Bytes with their line ends; or <see cref="Silence"/>, <see cref="Close"/>, <see cref="Reset"/>.</param>
/// <param name="certificate">For TLS from the first byte.</param>
internal sealed class SmtpServer(string at, string answer, X509Certificate2? certificate = null) : IAsyncDisposable
{
    internal const string Silence = "silence";
    internal const string Close = "close";
    internal const string Reset = "reset";

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource _silent = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Done when the server has been asked what it will not answer.</summary>
    internal Task Silent => _silent.Task;

    /// <summary>The commands that came, and the mail in one piece.</summary>
    internal List<string> Heard { get; } = [];

    internal int Start()
    {
        _listener.Start();
        _ = ServeAsync();
        return ((IPEndPoint)_listener.LocalEndpoint).Port;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        _stop.Dispose();
    }

    private async Task ServeAsync()
    {
        try
        {
            using var client = await _listener.AcceptTcpClientAsync(_stop.Token);
            Stream stream = client.GetStream();
            if (certificate is not null)
            {
                var secure = new SslStream(stream);
                await secure.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificate = certificate }, _stop.Token);
                stream = secure;
            }
            using var reader = new StreamReader(stream, Encoding.Latin1);
            if (!await SayAsync(client, stream, "CONNECT", "220 ready\r\n"))
                return;
            while (await reader.ReadLineAsync(_stop.Token) is { } line)
            {
                Heard.Add(line);
                var verb = line.Split(' ', ':')[0];
                if (!await SayAsync(client, stream, verb, verb switch { "EHLO" => "250-here\r\n250-SIZE 1000\r\n250 AUTH PLAIN\r\n", "AUTH" => "235 2.7.0 in\r\n", "DATA" => "354 go on\r\n", "QUIT" => "221 bye\r\n", _ => "250 2.1.0 ok\r\n" }))
                    return;
                if (verb != "DATA" || at == "DATA")
                    continue;
                var mail = new StringBuilder();
                while (await reader.ReadLineAsync(_stop.Token) is { } text && text != ".")
                    mail.Append(text).Append('\n');
                Heard.Add(mail.ToString());
                if (!await SayAsync(client, stream, "END", "250 2.0.0 taken\r\n"))
                    return;
            }
        }
        catch (Exception exception) when (exception is IOException or SocketException or OperationCanceledException or ObjectDisposedException or System.Security.Authentication.AuthenticationException)
        {
            // The client has gone, or the test.
        }
    }

    /// <returns>False when the conversation is over.</returns>
    private async Task<bool> SayAsync(TcpClient client, Stream stream, string asked, string usual)
    {
        var said = asked == at ? answer : usual;
        switch (said)
        {
            case Silence:
                _silent.SetResult();
                await Task.Delay(Timeout.Infinite, _stop.Token);
                return false;
            case Reset:
                client.LingerState = new LingerOption(true, 0);
                return false;
            case Close:
                return false;
            default:
                await stream.WriteAsync(Encoding.Latin1.GetBytes(said), _stop.Token);
                return true;
        }
    }
}
