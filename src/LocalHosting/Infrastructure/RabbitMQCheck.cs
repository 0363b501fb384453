using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace LocalHosting.Infrastructure;

/// <summary>Healthy when the server answers the protocol header with Connection.Start (AMQP 0-9-1, section 2.2.4): a method frame of class 10, method 10.</summary>
internal sealed class RabbitMQCheck(RabbitMQServerResource server) : ServerCheck
{
    protected override async Task<HealthCheckResult> ProbeAsync(CancellationToken cancellationToken)
    {
        await using var stream = await ServerStream.ConnectAsync(server.PrimaryEndpoint, cancellationToken);
        await stream.WriteAsync("AMQP\0\0\u0009\u0001"u8.ToArray(), cancellationToken);
        var answer = new byte[11];
        var length = await stream.ReadAtLeastAsync(answer, answer.Length, throwOnEndOfStream: false, cancellationToken);
        return length == answer.Length && answer[0] == 1 && answer.AsSpan(7).SequenceEqual<byte>([0, 10, 0, 10])
            ? HealthCheckResult.Healthy()
            : HealthCheckResult.Unhealthy(length == 0 ? "connection closed" : "unexpected answer");
    }
}
