using System.Text.Json;
using LocalHosting.Processes;
using LocalHosting.Values;

namespace LocalHosting.Running;

/// <summary>A process of a run.</summary>
internal sealed record RunningProcess(string Resource, int Pid, long StartTime);

/// <summary>
/// The content of <c>run.json</c>, for tools that want to talk to a running AppHost and for the next start after a crash: among others the addresses of its
/// dashboard, if it has one, and of its control API, and the token for whoever changes something there.
/// </summary>
internal sealed record RunState(int Pid, long StartTime, string? Dashboard, string Control, string ControlToken, IReadOnlyDictionary<string, int> Ports, IReadOnlyList<RunningProcess> Processes);

/// <summary>Keeps <c>run.json</c> of the data directory while the AppHost runs.</summary>
internal sealed class RunFile(DataDirectory data)
{
    private static readonly JsonSerializerOptions Format = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    private readonly Lock _access = new();
    private RunState? _state;

    public static RunState? Read(DataDirectory data)
    {
        try
        {
            return JsonSerializer.Deserialize<RunState>(File.ReadAllText(data.File("run.json")), Format);
        }
        catch (Exception exception) when (exception is IOException or JsonException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Kills what an AppHost that did not stop in order has left behind, and waits until it is gone.</summary>
    /// <returns>The number of processes.</returns>
    public static async Task<int> ReapAsync(DataDirectory data, CancellationToken cancellationToken)
    {
        var recorded = Read(data)?.Processes.Where(process => ProcessTable.Find(process.Pid) is { IsZombie: false } entry && entry.StartTime == process.StartTime)
            .SelectMany(process => ProcessTable.Family(process.Pid, ProcessMark.OfDirectory(data))) ?? [];
        var leftovers = recorded.Concat(ProcessTable.Carrying(ProcessMark.OfDirectory(data))).DistinctBy(process => process.Pid).ToArray();
        foreach (var process in leftovers)
            Signals.Send(process.Pid, Signal.Kill);
        using var look = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        while (leftovers.Any(process => ProcessTable.Find(process.Pid) is { IsZombie: false } entry && entry.StartTime == process.StartTime))
            await look.WaitForNextTickAsync(cancellationToken);
        return leftovers.Length;
    }

    public void Begin(string? dashboard, string control, string controlToken, IReadOnlyDictionary<string, int> ports)
    {
        var self = ProcessTable.Find(Environment.ProcessId)?.StartTime ?? 0;
        Change(_ => new RunState(Environment.ProcessId, self, dashboard, control, controlToken, ports, []));
    }

    public void PortsAdded(IReadOnlyDictionary<string, int> ports) =>
        Change(state => state with { Ports = new SortedDictionary<string, int>(state.Ports.Concat(ports).ToDictionary(), StringComparer.Ordinal) });

    public void PortsRemoved(string resource) =>
        Change(state => state with { Ports = state.Ports.Where(port => !port.Key.StartsWith(resource + '/', StringComparison.Ordinal)).ToDictionary() });

    public void Started(string resource, ChildProcess process) =>
        Change(state => state with { Processes = [.. state.Processes, new RunningProcess(resource, process.Pid, process.StartTime)] });

    public void Ended(ChildProcess process) =>
        Change(state => state with { Processes = [.. state.Processes.Where(entry => entry.Pid != process.Pid)] });

    public void End()
    {
        lock (_access)
            File.Delete(data.File("run.json"));
    }

    private void Change(Func<RunState, RunState> change)
    {
        lock (_access)
        {
            _state = change(_state!);
            try
            {
                OwnerOnlyFile.Write(data.File("run.json"), JsonSerializer.Serialize(_state, Format));
            }
            catch (IOException)
            {
                // A full disk must not end what runs; after a crash, leftovers are also found by their environment.
            }
        }
    }
}
