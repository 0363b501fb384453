namespace LocalHosting.Running;

/// <summary>The pauses before restarts: 0.5, 1, 2, 4 ... 30 seconds; from the beginning after a life of a minute.</summary>
internal sealed class RestartBackoff
{
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(30);
    private int _failures;

    public TimeSpan Next(TimeSpan lived)
    {
        if (lived >= TimeSpan.FromMinutes(1))
            _failures = 0;
        var pause = TimeSpan.FromSeconds(Math.ScaleB(0.5, Math.Min(_failures++, 10)));
        return pause < Longest ? pause : Longest;
    }
}
