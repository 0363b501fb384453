namespace PhotoPlatform.LocalHosting.Tests;

/// <summary>A project that is changed and built again while the application runs.</summary>
public sealed class RebuildTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(3);

    [Fact]
    public async Task A_rebuilt_project_runs_its_new_code_and_one_that_does_not_build_its_old()
    {
        using var folder = new TemporaryDirectory();
        var source = folder.Combine("Program.cs");
        await File.WriteAllTextAsync(folder.Combine("Edited.csproj"),
            "<Project Sdk=\"Microsoft.NET.Sdk\"><PropertyGroup><OutputType>Exe</OutputType><TargetFramework>net10.0</TargetFramework><UseAppHost>false</UseAppHost></PropertyGroup></Project>");
        await File.WriteAllTextAsync(source, Code("first"));
        await using var test = new TestApplication();
        test.Builder.AddProject("edited", folder.Combine("Edited.csproj")).WithReplicas(2);
        test.Builder.AddProject("same", folder.Combine("Edited.csproj"));
        test.Builder.AddProject("never", folder.Combine("Edited.csproj")).WithExplicitStart();
        test.Sleeper("other");
        await test.Application.StartAsync().WaitAsync(Limit);
        await test.LogLineAsync("edited-1", "first").WaitAsync(Limit);

        await File.WriteAllTextAsync(source, Code("second"));
        Assert.Null((await RebuildAsync(test, "edited")).ErrorMessage);
        await test.LogLineAsync("edited-1", "second").WaitAsync(Limit);
        await test.LogLineAsync("edited-2", "second").WaitAsync(Limit);
        await test.LogLineAsync("same", "second").WaitAsync(Limit);
        Assert.True(test.Notifications.TryGetCurrentState("never", out var never));
        Assert.Equal(KnownResourceStates.NotStarted, never.Snapshot.State?.Text);
        await test.LogLineAsync("edited", "built in").WaitAsync(Limit);

        await File.WriteAllTextAsync(source, "this is no program");
        var failed = await RebuildAsync(test, "edited");
        Assert.Matches("^edited does not build: .*Program.cs.*error CS.*; what was built before runs again.$", failed.ErrorMessage);
        await test.LogLineAsync("edited", "error CS").WaitAsync(Limit);
        foreach (var replica in new[] { "edited-1", "edited-2" })
        {
            await test.Notifications.WaitForResourceAsync(replica).WaitAsync(Limit);
            await test.LogLinesAsync(replica, "second", 2).WaitAsync(Limit);
        }

        Assert.Equal("'other' has no command 'rebuild'.", (await RebuildAsync(test, "other")).ErrorMessage);
    }

    private static Task<ExecuteCommandResult> RebuildAsync(TestApplication test, string resource) => test.Application.ResourceCommands.ExecuteCommandAsync(resource, "rebuild").WaitAsync(Limit);

    private static string Code(string text) => $"System.Console.WriteLine(\"{text}\"); System.Threading.Tasks.Task.Delay(-1).Wait();";
}
