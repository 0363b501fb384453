using System.Text.Json;
using Aspire.Hosting;
using LocalHosting.Running;

namespace LocalHosting.Network;

/// <summary>
/// Chooses ports between 20000 and 29999, below the range from which the system takes ports for outgoing connections, and keeps them in
/// <c>ports.json</c> of the data directory. While the AppHost runs it holds a lock file per port, so that two of them never choose the same.
/// </summary>
internal sealed class PortRegistry(DataDirectory data) : IDisposable
{
    private const int First = 20_000;
    private const int Count = 10_000;
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    private readonly Lock _access = new();
    private readonly List<FileStream> _reservations = [];
    private readonly Dictionary<string, int> _given = [];
    private SortedDictionary<string, int>? _ports;

    /// <summary>The port kept for the key; another one if something else has taken it since the last run.</summary>
    public int Get(string key)
    {
        lock (_access)
        {
            if (_given.TryGetValue(key, out var given))
                return given;
            _ports ??= Load();
            if (_ports.TryGetValue(key, out var kept) && TryReserve(kept))
                return _given[key] = kept;
            var start = Random.Shared.Next(Count);
            for (var i = 0; i < Count; i++)
            {
                var port = First + ((start + i) % Count);
                if (_ports.ContainsValue(port) || !TryReserve(port))
                    continue;
                _given[key] = _ports[key] = port;
                // In one step: a crash or a full disk must not leave half a file.
                File.WriteAllText(data.File("ports.json.new"), JsonSerializer.Serialize(_ports, Indented));
                File.Move(data.File("ports.json.new"), data.File("ports.json"), overwrite: true);
                return port;
            }
            throw new DistributedApplicationException($"There is no free port between {First} and {First + Count - 1}.");
        }
    }

    public void Dispose()
    {
        foreach (var reservation in _reservations)
            reservation.Dispose();
    }

    private bool TryReserve(int port)
    {
        var directory = Path.Combine(Path.GetTempPath(), "localhosting-ports");
        try
        {
            // Everybody may add files, nobody may remove those of others: like /tmp itself.
            if (!OperatingSystem.IsWindows() && !Directory.Exists(directory))
            {
                Directory.CreateDirectory(directory);
                File.SetUnixFileMode(directory, (UnixFileMode)0b001_111_111_111);
            }
            var reservation = new FileStream(Path.Combine(directory, $"{port}"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            if (PortProbe.IsFree(port))
            {
                _reservations.Add(reservation);
                return true;
            }
            reservation.Dispose();
            return false;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private SortedDictionary<string, int> Load()
    {
        try
        {
            return File.Exists(data.File("ports.json")) ? JsonSerializer.Deserialize<SortedDictionary<string, int>>(File.ReadAllText(data.File("ports.json"))) ?? [] : [];
        }
        catch (JsonException)
        {
            // Somebody has edited it: other ports are better than no start.
            return [];
        }
    }
}
