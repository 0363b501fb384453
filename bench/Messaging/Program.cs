using System.Runtime.InteropServices;
using PhotoPlatform.Messaging.Bench;

// What the outbox and the inbox cost, against saving and publishing without them, on a PostgreSQL and a RabbitMQ of its own with their default durability.
// From a clean clone: eng/setup && dotnet run -c Release --project bench/Messaging -- throughput
if (args is [RelayProcess.Command])
    return await RelayProcess.RunAsync();
if (!Options.TryParse(args, out var options, out var problem))
{
    await Console.Error.WriteLineAsync(problem is null ? Options.Usage : $"Messaging: {problem}\n{Options.Usage}");
    return problem is null ? 0 : 2;
}

using var stop = new CancellationTokenSource();
using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
try
{
    await using var servers = await Servers.StartAsync(options.Npgsql, stop.Token);
    await Services.PrepareAsync(servers, stop.Token);
    await (options.Command switch
    {
        "throughput" => Throughput.RunAsync(servers, options, stop.Token),
        "latency" => Latency.RunAsync(servers, options, stop.Token),
        "backlog" => Backlog.RunAsync(servers, options, stop.Token),
        _ => Relays.RunAsync(servers, options, stop.Token),
    });
    return 0;
}
catch (BenchFailedException exception)
{
    await Console.Error.WriteLineAsync($"Messaging: {exception.Message}");
    return 1;
}
catch (OperationCanceledException) when (stop.IsCancellationRequested)
{
    return 130;
}

void Stop(PosixSignalContext signal)
{
    signal.Cancel = true;
    stop.Cancel();
}
