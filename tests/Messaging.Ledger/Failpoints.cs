using System.Data.Common;
using System.Diagnostics;
using MassTransit;
using Microsoft.EntityFrameworkCore.Diagnostics;

namespace PhotoPlatform.Messaging.Ledger;

/// <summary>
/// Points at which the process kills itself with SIGKILL, once, when a test has armed them: by a directory of the point's name in a folder that all nodes know.
/// Whoever removes it dies.
/// </summary>
internal sealed class Failpoints(string folder)
{
    /// <summary>Does not return from a point that is armed.</summary>
    internal void Reach(string point)
    {
        var armed = Path.Combine(folder, point);
        if (!Directory.Exists(armed))
            return;
        try
        {
            Directory.Delete(armed);
        }
        catch (DirectoryNotFoundException)
        {
            return;
        }
        using var self = Process.GetCurrentProcess();
        self.Kill();
    }
}

/// <summary>In the publisher: everything is written and nothing committed; or committed, and nobody knows it yet.</summary>
internal sealed class CommitFailpoints(Failpoints failpoints) : DbTransactionInterceptor
{
    public override ValueTask<InterceptionResult> TransactionCommittingAsync(DbTransaction transaction, TransactionEventData eventData, InterceptionResult result, CancellationToken cancellationToken = default)
    {
        failpoints.Reach("before-commit");
        return ValueTask.FromResult(result);
    }

    public override Task TransactionCommittedAsync(DbTransaction transaction, TransactionEndEventData eventData, CancellationToken cancellationToken = default)
    {
        failpoints.Reach("after-commit");
        return Task.CompletedTask;
    }
}

/// <summary>In a relay: the broker has confirmed a message, whose row is still there.</summary>
internal static class RelayFailpoint
{
    /// <summary>Without a hosted service: a relay alone has none.</summary>
    internal static void Add(Failpoints failpoints) => ActivitySource.AddActivityListener(new ActivityListener
    {
        ShouldListenTo = source => source.Name == "PhotoPlatform.Messaging",
        Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
        ActivityStopped = activity =>
        {
            if (activity is { Kind: ActivityKind.Producer, Status: not ActivityStatusCode.Error })
                failpoints.Reach("after-publish-before-delete");
        },
    });
}

/// <summary>In the consumer: the effect is committed, and its message not acknowledged.</summary>
internal sealed class ConsumerFailpoint(Failpoints failpoints) : IReceiveObserver
{
    public Task PostConsume<T>(ConsumeContext<T> context, TimeSpan duration, string consumerType) where T : class
    {
        failpoints.Reach("after-effect-before-ack");
        return Task.CompletedTask;
    }

    public Task PreReceive(ReceiveContext context) => Task.CompletedTask;

    public Task PostReceive(ReceiveContext context) => Task.CompletedTask;

    public Task ConsumeFault<T>(ConsumeContext<T> context, TimeSpan duration, string consumerType, Exception exception) where T : class => Task.CompletedTask;

    public Task ReceiveFault(ReceiveContext context, Exception exception) => Task.CompletedTask;
}
