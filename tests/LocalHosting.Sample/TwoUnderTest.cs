using Aspire.Hosting.Testing;

/// <summary>A test's process in the middle of its test: two applications of this AppHost run in it, until it is killed.</summary>
internal static class TwoUnderTest
{
    public static async Task RunAsync(string data)
    {
        foreach (var name in new[] { "one", "two" })
        {
            var builder = await DistributedApplicationTestingBuilder.CreateAsync<Projects.LocalHosting_Sample>(["--topology", "services", "--data", Path.Combine(data, name)]);
            var application = await builder.BuildAsync();
            await application.StartAsync();
            await application.ResourceNotifications.WaitForResourceHealthyAsync("outer");
        }
        Console.WriteLine("both run");
        await Task.Delay(Timeout.InfiniteTimeSpan);
    }
}
