using System.Net;
using System.Net.Mail;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using PhotoPlatform.Notifier.Mails;
using PhotoPlatform.Testing;

namespace PhotoPlatform.Notifier.Tests;

public sealed class SmtpTests
{
    private const string To = "ada@example.org";
    private const int None = 0;

    /// <summary>Where the server says what; at which step, with which code the mail was not sent; and whether it is given up.</summary>
    public static TheoryData<string, string, string, int, bool> Failures => new()
    {
        { "CONNECT", "554 go away\r\n", "Greeting", 554, false },
        { "CONNECT", "421 busy\r\n", "Greeting", 421, false },
        { "CONNECT", SmtpServer.Silence, "Greeting", None, false },
        { "CONNECT", SmtpServer.Close, "Greeting", None, false },
        { "EHLO", "550 no\r\n", "Hello", 550, false },
        { "EHLO", SmtpServer.Silence, "Hello", None, false },
        { "AUTH", "535 5.7.8 wrong password\r\n", "SignIn", 535, false },
        { "AUTH", "454 4.7.0 not now\r\n", "SignIn", 454, false },
        { "MAIL", "550 5.7.1 I do not know you\r\n", "Sender", 550, false },
        { "MAIL", "452 4.3.1 full\r\n", "Sender", 452, false },
        { "RCPT", "450 4.7.1 greylisted\r\n", "Recipient", 450, false },
        { "RCPT", "451 later\r\n", "Recipient", 451, false },
        { "RCPT", "421 4.3.2 closing\r\n", "Recipient", 421, false },
        { "RCPT", "552 5.2.2 mailbox full\r\n", "Recipient", 552, false },
        { "RCPT", "550 5.1.1 nobody here\r\n", "Recipient", 550, true },
        { "RCPT", "553-no\r\n553 such name\r\n", "Recipient", 553, true },
        { "RCPT", SmtpServer.Silence, "Recipient", None, false },
        { "RCPT", SmtpServer.Reset, "Recipient", None, false },
        { "DATA", "554 no valid recipients\r\n", "Data", 554, false },
        { "DATA", "250 what data?\r\n", "Data", 250, false },
        { "END", "554 5.7.1 spam\r\n", "Content", 554, true },
        { "END", "451 4.3.0 later\r\n", "Content", 451, false },
        { "END", SmtpServer.Silence, "Content", None, false },
        { "END", SmtpServer.Reset, "Content", None, false },
        { "END", SmtpServer.Close, "Content", None, false },
        { "RCPT", "hello\r\n", "Recipient", None, false },
        { "RCPT", "\r\n", "Recipient", None, false },
        { "RCPT", "2 5 0\r\n", "Recipient", None, false },
        { "RCPT", "999 ok\r\n", "Recipient", None, false },
        { "RCPT", "550x5.1.1\r\n", "Recipient", None, false },
        { "RCPT", "\0\u0001\u00FF\u00FE\r\n", "Recipient", None, false },
        { "RCPT", "250 " + new string('x', 100_000), "Recipient", None, false },
        { "RCPT", string.Concat(Enumerable.Repeat("250-more\r\n", 10_000)), "Recipient", None, false },
    };

    [Theory]
    [MemberData(nameof(Failures))]
    public async Task Each_failure_has_its_step_and_only_the_verdict_on_a_recipient_or_a_mail_is_for_good(string at, string answer, string step, int code, bool forGood)
    {
        var clock = new TestClock();
        await using var server = new SmtpServer(at, answer);
        var sending = SendAsync(server.Start(), clock: clock);
        if (answer == SmtpServer.Silence)
        {
            await server.Silent;
            clock.Advance(TimeSpan.FromSeconds(20));
        }
        var failure = await Assert.ThrowsAsync<MailNotSentException>(() => sending);
        // A server is silent from the moment it accepts, of which the client may not have heard yet.
        Assert.Contains(failure.Step.ToString(), at == "CONNECT" && answer == SmtpServer.Silence ? ["Connect", step] : (string[])[step]);
        Assert.Equal(code, failure.Code ?? None);
        Assert.Equal(forGood, MailFailure.IsForGood(failure.Step, failure.Code));
        Assert.Matches(@"^\w+: (\d{3}( [245]\.\d+\.\d+)?|nothing within \d+ s|the connection broke \(\w+\)|an answer that is none)$", failure.Message);
    }

    [Fact]
    public async Task A_server_that_is_not_there_is_tried_again()
    {
        using var nobody = new TcpListener(IPAddress.Loopback, 0);
        nobody.Start();
        var port = ((IPEndPoint)nobody.LocalEndpoint).Port;
        nobody.Stop();
        var failure = await Assert.ThrowsAsync<MailNotSentException>(() => SendAsync(port));
        Assert.Equal((SmtpStep.Connect, "Connect: no connection (ConnectionRefused)"), (failure.Step, failure.Message));
        Assert.False(MailFailure.IsForGood(failure.Step, failure.Code));
    }

    [Theory]
    [InlineData("RCPT", "250 2.1.5 ok\r\n")]
    [InlineData("RCPT", "251 forwarded\n")]
    [InlineData("RCPT", "250\r\n")]
    [InlineData("RCPT", "250-one\r\n250-two\r\n250 three\r\n")]
    [InlineData("QUIT", "500 what?\r\n")]
    [InlineData("QUIT", SmtpServer.Reset)]
    public async Task What_a_server_may_say_it_may_say(string at, string answer)
    {
        await using var server = new SmtpServer(at, answer);
        await SendAsync(server.Start());
        Assert.Equal(["EHLO example.org", $"AUTH PLAIN {Convert.ToBase64String("\0me@here\0se:cret"u8)}", "MAIL FROM:<no-reply@example.org>", $"RCPT TO:<{To}>", "DATA", "Subject: x\n\n..dot\n...\nend\n", "QUIT"], server.Heard);
    }

    [Fact]
    public async Task Over_tls_the_servers_certificate_must_come_from_an_authority_that_is_trusted()
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        var now = TimeProvider.System.GetUtcNow();
        using var certificate = request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));

        await using (var server = new SmtpServer("", "", certificate))
        {
            await SendAsync(server.Start(), "smtps", certificate);
            Assert.Contains("QUIT", server.Heard);
        }
        await using (var server = new SmtpServer("", "", certificate))
        {
            var failure = await Assert.ThrowsAsync<MailNotSentException>(() => SendAsync(server.Start(), "smtps"));
            Assert.Equal((SmtpStep.Connect, "Connect: no trusted TLS"), (failure.Step, failure.Message));
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("@example.org")]
    [InlineData("ada@")]
    [InlineData("a da@example.org")]
    [InlineData("ada@example.org>\r\nRCPT TO:<eve@example.org")]
    [InlineData("ada@example.org,eve@example.org")]
    [InlineData("\"ada\"@example.org")]
    [InlineData("ada@[127.0.0.1]")]
    [InlineData("ädä@example.org")]
    [InlineData("ada@example.org\n")]
    public async Task To_what_is_no_plain_address_nobody_is_even_connected(string to)
    {
        var failure = await Assert.ThrowsAsync<MailNotSentException>(() => SmtpConnection.SendAsync(Settings(1, "smtp", null), to, ReadOnlyMemory<byte>.Empty, TimeProvider.System, CancellationToken.None));
        Assert.True(failure.Step == SmtpStep.Address && MailFailure.IsForGood(failure.Step, failure.Code));
    }

    private static Task SendAsync(int port, string scheme = "smtp", X509Certificate2? root = null, TimeProvider? clock = null) => SmtpConnection.SendAsync(
        Settings(port, scheme, root), To, Encoding.ASCII.GetBytes("Subject: x\r\n\r\n.dot\r\n..\r\nend\r\n"), clock ?? TimeProvider.System, CancellationToken.None);

    private static MailSettings Settings(int port, string scheme, X509Certificate2? root) =>
        new(new Uri($"{scheme}://me%40here:se%3Acret@localhost:{port}"), new MailAddress("no-reply@example.org"), new Uri("http://example.org/"), new byte[32], root);
}
