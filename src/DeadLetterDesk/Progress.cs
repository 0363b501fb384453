using Spectre.Console;

namespace PhotoPlatform.DeadLetterDesk;

/// <summary>How far a long command is, on standard error: a bar on a terminal, else a line for each tenth.</summary>
internal static class Progress
{
    private static readonly IAnsiConsole Screen = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });

    /// <summary>Asks a question that only a person can answer; null when nobody is there.</summary>
    internal static bool? Ask(string question) => Console.IsInputRedirected || Console.IsErrorRedirected ? null : Screen.Confirm(question, defaultValue: false);

    /// <summary>Runs the work, which says after each of its parts that one more is done, from one thread at a time.</summary>
    internal static async Task ShowAsync(string done, int total, Func<Action, Task> work)
    {
        if (Console.IsErrorRedirected)
        {
            var (count, tenth) = (0, Math.Max(1, total / 10));
            await work(() =>
            {
                if (++count % tenth == 0)
                    Console.Error.WriteLine($"{done} {count:N0} of {total:N0}");
            });
            return;
        }
        await Screen.Progress().Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn()).StartAsync(async context =>
        {
            var bar = context.AddTask(done, maxValue: total);
            await work(() => bar.Increment(1));
        });
    }
}
