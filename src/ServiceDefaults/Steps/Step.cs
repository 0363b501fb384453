using System.Runtime.InteropServices;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace PhotoPlatform.ServiceDefaults.Steps;

/// <summary>A part of a service that runs alone, as <c>dotnet X.dll NAME</c>: work done once before the replicas start (<c>migrate</c>, <c>declare</c>), or without end (<c>relay</c>).</summary>
/// <param name="Name">The command's name.</param>
/// <param name="RunAsync">Does the work; safe to repeat and to run twice at once.</param>
/// <param name="UntilStopped">Whether it goes on until SIGTERM or SIGINT; otherwise it has ten minutes.</param>
public sealed record Step(string Name, Func<IServiceProvider, CancellationToken, Task> RunAsync, bool UntilStopped = false);

/// <summary>Runs a service, or one of its steps.</summary>
public static class StepExtensions
{
    /// <summary>Adds work to the step of that name.</summary>
    public static void AddStep(this IServiceCollection services, string name, Func<IServiceProvider, CancellationToken, Task> run, bool untilStopped = false) =>
        services.AddSingleton(new Step(name, run, untilStopped));

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
            var chosen = steps.Where(step => step.Name == name).ToArray();
            var untilStopped = Array.TrueForAll(chosen, step => step.UntilStopped);
            using var stop = new CancellationTokenSource(untilStopped ? Timeout.InfiniteTimeSpan : TimeSpan.FromMinutes(10));
            using var terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
            using var interrupted = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
            try
            {
                if (untilStopped)
                {
                    await Task.WhenAll(chosen.Select(step => step.RunAsync(app.Services, stop.Token)));
                    return 0;
                }
                foreach (var step in chosen)
                    await step.RunAsync(app.Services, stop.Token);
                logger.LogInformation("Step {Step} is done", name);
                return 0;
            }
            catch (Exception exception) when (exception is not OutOfMemoryException)
            {
                logger.LogCritical(exception, "Step {Step} failed: {Reason}", name, exception.Message);
                return 1;
            }

            // A step that is done once ends at once, as a process does; it is safe to repeat.
            void Stop(PosixSignalContext signal)
            {
                signal.Cancel = untilStopped;
                if (untilStopped)
                    stop.Cancel();
            }
        }
    }
}
