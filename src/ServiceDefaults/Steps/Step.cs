using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace PhotoPlatform.ServiceDefaults.Steps;

/// <summary>Work done once before the replicas start, as <c>dotnet X.dll NAME</c>: <c>migrate</c>, <c>declare</c>.</summary>
/// <param name="Name">The command's name.</param>
/// <param name="RunAsync">Does the work; safe to repeat and to run twice at once.</param>
public sealed record Step(string Name, Func<IServiceProvider, CancellationToken, Task> RunAsync);

/// <summary>Runs a service, or one of its steps.</summary>
public static class StepExtensions
{
    /// <summary>Adds work to the step of that name.</summary>
    public static void AddStep(this IServiceCollection services, string name, Func<IServiceProvider, CancellationToken, Task> run) => services.AddSingleton(new Step(name, run));

    /// <summary>Serves requests; with a step's name as the first argument, does that step and ends.</summary>
    /// <returns>The exit code: 0; 1 when the step or a background service failed, so that whoever started the process starts it again; 2 when there is no such step.</returns>
    public static async Task<int> RunServiceAsync(this WebApplication app, string[] args)
    {
        if (args is not [var name, ..] || name.StartsWith('-'))
        {
            var background = app.Services.GetServices<IHostedService>().OfType<BackgroundService>().ToArray();
            await app.RunAsync();
            // One that failed has stopped the host, which counts that as an ordinary end.
            return background.Any(service => service.ExecuteTask is { IsFaulted: true }) ? 1 : 0;
        }

        await using (app)
        {
            var steps = app.Services.GetServices<Step>().ToArray();
            if (steps.All(step => step.Name != name))
            {
                await Console.Error.WriteLineAsync($"There is no step '{name}'; there are: {string.Join(", ", steps.Select(step => step.Name).Distinct())}.");
                return 2;
            }

            var logger = app.Services.GetRequiredService<ILoggerFactory>().CreateLogger("PhotoPlatform.Steps");
            using var stop = new CancellationTokenSource(TimeSpan.FromMinutes(10));
            try
            {
                foreach (var step in steps.Where(step => step.Name == name))
                    await step.RunAsync(app.Services, stop.Token);
                logger.LogInformation("Step {Step} is done", name);
                return 0;
            }
            catch (Exception exception) when (exception is not OutOfMemoryException)
            {
                logger.LogCritical(exception, "Step {Step} failed: {Reason}", name, exception.Message);
                return 1;
            }
        }
    }
}
