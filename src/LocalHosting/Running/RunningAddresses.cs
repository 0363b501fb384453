using System.Runtime.CompilerServices;
using Aspire.Hosting.ApplicationModel;

namespace LocalHosting.Running;

/// <summary>Where the processes of a resource can be reached one by one, for those who balance over them themselves.</summary>
internal sealed class RunningAddresses(ResourceNotificationService notifications)
{
    /// <summary>The addresses of one endpoint of those processes that run and do not stop, in the order of their numbers: at once, and at every change.</summary>
    public async IAsyncEnumerable<IReadOnlyList<string>> WatchAsync(IResource resource, string endpoint, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        IReadOnlyList<string>? told = null;
        await foreach (var change in notifications.WatchAsync(cancellationToken))
        {
            if (change.Resource.InModel() != resource.InModel())
                continue;
            string[] now = [.. resource.Instances().Where(IsRunning).Select(instance => ((IResourceWithEndpoints)instance).GetEndpoint(endpoint).Url)];
            if (told is null || !told.SequenceEqual(now))
                yield return told = now;
        }
    }

    private bool IsRunning(IResource instance) => notifications.Snapshot(instance).State?.Text == KnownResourceStates.Running;
}
