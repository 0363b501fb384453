using System.Collections.Concurrent;
using LocalHosting.Running;
using Microsoft.Extensions.Logging;

namespace Aspire.Hosting.ApplicationModel;

/// <summary>One line of a resource's log; numbers start at 1.</summary>
public readonly record struct LogLine(int LineNumber, string Content, bool IsErrorMessage);

/// <summary>The log of every resource: its standard output and error, and what the runtime has to say about it.</summary>
public class ResourceLoggerService
{
    private readonly ConcurrentDictionary<string, ResourceLog> _logs = new(StringComparer.OrdinalIgnoreCase);
    private readonly Func<string, ResourceLog> _create;

    internal ResourceLoggerService(Func<string, ResourceLog> create)
    {
        _create = create;
    }

    /// <summary>Writes into the resource's log.</summary>
    public ILogger GetLogger(IResource resource) => Log(resource.Name);

    /// <summary>The lines kept so far, then every new one, in batches.</summary>
    public IAsyncEnumerable<IReadOnlyList<LogLine>> WatchAsync(string resourceName) => Log(resourceName).WatchAsync();

    internal ResourceLog Log(string resourceName) => _logs.GetOrAdd(resourceName, _create);
}
