namespace LocalHosting.Running;

/// <summary>Names of snapshot properties.</summary>
internal static class RuntimeProperties
{
    public const string Pid = "executable.pid";
    public const string Restarts = "restarts";
    public const string ExternalServer = "external-server";
    public const string WaitingFor = "waiting-for";
}

/// <summary>Whether the application is still on its way to being ready for the first time.</summary>
internal sealed class StartupPhase
{
    public bool IsStarting { get; set; } = true;
}
