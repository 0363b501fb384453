using Aspire.Hosting.ApplicationModel;
using PhotoPlatform.Testing;

namespace PhotoPlatform.SystemTests;

/// <summary>What only a platform with replicas can do: lose some of its processes while people use it.</summary>
[Collection(ScaledPlatform.Name)]
public sealed class ReplicaTests(ScaledPlatform shared)
{
    private static readonly string[] Replicated = ["users", "media", "notifier", "photo-processor"];
    private readonly Platform _platform = shared.Platform;

    [Fact]
    public async Task One_of_each_stopped_and_then_the_other_killed_costs_no_safe_request_no_acknowledged_photo_and_no_event()
    {
        await using var visitors = await Visitors.ArriveAsync(_platform);
        await visitors.GoOnAsync();
        var restarts = Replicated.Select(name => _platform.Resource($"{name}-2")).ToDictionary(replica => replica.Name, replica => replica.Restarts);

        await Task.WhenAll(Replicated.Select(name => _platform.CommandAsync($"{name}-1", KnownResourceCommands.StopCommand)));
        await visitors.GoOnAsync();
        Assert.All(Replicated, name => Assert.Equal(KnownResourceStates.Finished, _platform.Resource($"{name}-1").State));

        var worked = WorkOf("-1");
        await Task.WhenAll(Replicated.Select(name => _platform.CommandAsync($"{name}-1", KnownResourceCommands.StartCommand)));
        await visitors.UntilAsync(() => WorkOf("-1").All(now => now.Value > worked[now.Key]));

        worked = WorkOf("-2");
        foreach (var name in Replicated)
            _platform.Kill($"{name}-2");
        await visitors.GoOnAsync();
        foreach (var name in Replicated)
        {
            await Eventually.GetAsync(() => Task.FromResult(_platform.Resource($"{name}-2")),
                replica => replica.Restarts == restarts[replica.Name] + 1 && replica.Health == "Healthy", TimeSpan.FromMinutes(1));
        }
        await visitors.UntilAsync(() => WorkOf("-2").All(now => now.Value > worked[now.Key]));

        var photos = await visitors.FinishAsync();
        Assert.Empty(visitors.FailedReads);
        Assert.All(photos, photo => Assert.Equal("ready", photo.State));
        Assert.All(photos, photo => Assert.Equal(1, visitors.Told(photo.Id)));
        var ids = visitors.Events.Select(streamed => streamed.Id).ToArray();
        Assert.Equal(Enumerable.Range(0, ids.Length).Select(i => ids[0] + i), ids);
    }

    /// <summary>How many requests and jobs each of these replicas has done, by its log.</summary>
    private Dictionary<string, int> WorkOf(string replica) => Replicated.ToDictionary(name => name + replica, name => _platform.LogTexts(name + replica)
        .Count(line => line.Contains(" answered 200 ", StringComparison.Ordinal) || line.Contains("\"Processed photo", StringComparison.Ordinal)));
}
