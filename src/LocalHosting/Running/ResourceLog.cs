using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.Logging;

namespace LocalHosting.Running;

internal readonly record struct LogEntry(int Number, DateTimeOffset At, string Text, bool IsError);

/// <summary>The log of one resource: the last 10,000 lines in memory, everything (up to a limit) in a file, and a live stream.</summary>
internal sealed class ResourceLog(string resource, LogFile? file, ConsoleReporter console, TimeProvider time) : ILogger
{
    private const int Kept = 10_000;
    private const int LongestLine = 32 * 1024;

    private readonly Lock _access = new();
    private readonly Queue<LogEntry> _ring = new();
    private readonly ConcurrentDictionary<ChannelWriter<LogEntry>, bool> _watchers = [];
    private int _lines;

    /// <summary>A line that the resource's process wrote.</summary>
    public void Output(string text, bool isError)
    {
        Add(text, isError);
        console.ResourceLine(resource, text, isError);
    }

    /// <summary>What the runtime says about the resource; always shown on the console.</summary>
    public void Lifecycle(string text, bool isError = false)
    {
        Add(text, isError);
        console.Lifecycle(resource, text, isError);
    }

    /// <summary>What the runtime says, for the log only.</summary>
    public void Note(string text) => Add(text, isError: false);

    public IReadOnlyList<LogEntry> Tail(int count)
    {
        lock (_access)
            return [.. _ring.TakeLast(count)];
    }

    public async IAsyncEnumerable<IReadOnlyList<LogLine>> WatchAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var channel = Channel.CreateUnbounded<LogEntry>();
        lock (_access)
        {
            foreach (var entry in _ring)
                channel.Writer.TryWrite(entry);
            _watchers[channel.Writer] = true;
        }
        try
        {
            while (await channel.Reader.WaitToReadAsync(cancellationToken))
            {
                var batch = new List<LogLine>();
                while (channel.Reader.TryRead(out var entry))
                    batch.Add(new LogLine(entry.Number, entry.Text, entry.IsError));
                yield return batch;
            }
        }
        finally
        {
            _watchers.TryRemove(channel.Writer, out _);
        }
    }

    public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel is >= LogLevel.Information and < LogLevel.None;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (IsEnabled(logLevel))
            Output(exception is null ? formatter(state, exception) : $"{formatter(state, exception)}: {exception.Message}", logLevel >= LogLevel.Error);
    }

    private void Add(string text, bool isError)
    {
        var line = text.Length > LongestLine ? string.Concat(text.AsSpan(0, LongestLine), "...") : text;
        lock (_access)
        {
            var entry = new LogEntry(++_lines, time.GetUtcNow(), line, isError);
            if (_ring.Count == Kept)
                _ring.Dequeue();
            _ring.Enqueue(entry);
            file?.Write(entry);
            foreach (var watcher in _watchers.Keys)
                watcher.TryWrite(entry);
        }
    }
}
