using System.Collections.Immutable;
using LocalHosting.Running;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Aspire.Hosting.ApplicationModel;

/// <summary>What the snapshots of its replicas say of a resource.</summary>
internal static class ReplicaSnapshots
{
    /// <summary>
    /// The resource starts until all replicas run; after that it runs as long as one of them does. It is healthy when all are, degraded when some are.
    /// Without any (scaled to 0) it is not started, which is no failure: whoever waits for it goes on waiting.
    /// </summary>
    public static CustomResourceSnapshot Combine(CustomResourceSnapshot resource, IReadOnlyList<(string Name, CustomResourceSnapshot Snapshot)> replicas)
    {
        if (replicas.Count == 0)
        {
            return resource.WithProperty(RuntimeProperties.Restarts, 0).WithProperty(RuntimeProperties.WaitingFor, null) with
            {
                State = KnownResourceStates.NotStarted, ExitCode = null, HealthReports = [], Ready = null, Failure = null,
            };
        }
        var snapshots = replicas.Select(replica => replica.Snapshot).ToArray();
        var state = State(snapshots, wasReady: resource.Ready is not null);
        var isRunning = state == KnownResourceStates.Running;
        return resource.WithProperty(RuntimeProperties.Restarts, snapshots.Sum(snapshot => snapshot.Property(RuntimeProperties.Restarts) as int? ?? 0))
            .WithProperty(RuntimeProperties.WaitingFor, snapshots.Select(snapshot => snapshot.Property(RuntimeProperties.WaitingFor)).FirstOrDefault(reason => reason is not null)) with
        {
            State = state,
            ExitCode = snapshots.All(HasEnded) ? snapshots.Select(snapshot => snapshot.ExitCode).OrderByDescending(code => code is not null and not 0).First() : null,
            StartTimeStamp = snapshots.Where(IsRunning).Min(snapshot => snapshot.StartTimeStamp) ?? resource.StartTimeStamp,
            StopTimeStamp = isRunning ? null : snapshots.Max(snapshot => snapshot.StopTimeStamp),
            HealthReports = isRunning ? Reports(replicas) : [],
            Ready = isRunning ? resource.Ready : null,
            Failure = snapshots.Select(snapshot => snapshot.Failure).FirstOrDefault(failure => failure is not null),
        };
    }

    private static string? State(CustomResourceSnapshot[] replicas, bool wasReady)
    {
        var onTheirWay = replicas.Where(replica => !IsRunning(replica) && !HasEnded(replica) && replica.State?.Text != KnownResourceStates.NotStarted);
        if (replicas.Any(IsRunning) && (wasReady || !onTheirWay.Any()))
            return KnownResourceStates.Running;
        return (onTheirWay.FirstOrDefault() ?? replicas.FirstOrDefault(replica => replica.Failure is not null) ?? replicas[0]).State?.Text;
    }

    private static ImmutableArray<HealthReportSnapshot> Reports(IReadOnlyList<(string Name, CustomResourceSnapshot Snapshot)> replicas)
    {
        var none = replicas.Any(replica => replica.Snapshot.HealthStatus == HealthStatus.Healthy) ? HealthStatus.Degraded : HealthStatus.Unhealthy;
        return [.. replicas.Select(replica => replica.Snapshot.HealthStatus == HealthStatus.Healthy
            ? new HealthReportSnapshot(replica.Name, HealthStatus.Healthy, null, null)
            : new HealthReportSnapshot(replica.Name, none, $"{replica.Name}: {Reason(replica.Snapshot)}", null))];
    }

    private static string Reason(CustomResourceSnapshot replica) =>
        (IsRunning(replica) ? replica.HealthReports.FirstOrDefault(report => report.Status is not HealthStatus.Healthy)?.Description : replica.State?.Text.ToLowerInvariant())
        ?? "not healthy yet";

    private static bool IsRunning(CustomResourceSnapshot snapshot) => snapshot.State?.Text == KnownResourceStates.Running;

    private static bool HasEnded(CustomResourceSnapshot snapshot) => KnownResourceStates.TerminalStates.Contains(snapshot.State?.Text);
}
