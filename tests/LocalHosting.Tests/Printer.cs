using Microsoft.Extensions.DependencyInjection;

namespace PhotoPlatform.LocalHosting.Tests;

/// <summary>Processes that write their environment (of a project also <c>arguments</c>) into their log and end.</summary>
internal static class Printer
{
    public static IResourceBuilder<ExecutableResource> PrintingProgram(this TestApplication test, string name = "printer") =>
        test.Builder.AddExecutable(name, "env", "/");

    public static IResourceBuilder<ProjectResource> PrintingProject(this TestApplication test, string name = "printer") => test.Service(name).WithArgs("print");

    /// <summary>Starts the application and reads what the printer wrote.</summary>
    public static async Task<IReadOnlyDictionary<string, string>> PrintedAsync(this TestApplication test, string name = "printer")
    {
        await test.Application.StartAsync();
        return await test.PrintAsync(run: 1, name);
    }

    /// <summary>What the printer wrote when it ran for the first, second, ... time.</summary>
    public static async Task<IReadOnlyDictionary<string, string>> PrintAsync(this TestApplication test, int run, string name = "printer")
    {
        var printed = new Dictionary<string, string>();
        await foreach (var batch in test.Application.Services.GetRequiredService<ResourceLoggerService>().WatchAsync(name))
        {
            foreach (var line in batch)
            {
                // The runtime's own last word, after the last line of the process.
                var isOver = line.Content.StartsWith("completed in ", StringComparison.Ordinal);
                if (isOver && --run == 0)
                    return printed;
                if (isOver)
                    printed.Clear();
                else if (line.Content.Split('=', 2) is [var key, var value])
                    printed[key] = value;
            }
        }
        throw new InvalidOperationException("The log ended.");
    }
}
