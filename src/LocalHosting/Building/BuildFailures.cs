using Aspire.Hosting;

namespace LocalHosting.Building;

/// <summary>
/// While Program.cs builds the model there is nobody yet to catch what it got wrong: a bad name, an unknown option. It is told in one sentence all the
/// same, and the process ends with exit code 1; the stack would only show the runtime's own lines.
/// </summary>
internal static class BuildFailures
{
    private static int _isInstalled;

    public static void TellInASentence()
    {
        if (Interlocked.Exchange(ref _isInstalled, 1) == 0)
            AppDomain.CurrentDomain.UnhandledException += Tell;
    }

    private static void Tell(object sender, UnhandledExceptionEventArgs unhandled)
    {
        if (unhandled.ExceptionObject is not DistributedApplicationException failure)
            return;
        Console.Error.WriteLine(failure.Message);
        Environment.Exit(1);
    }
}
