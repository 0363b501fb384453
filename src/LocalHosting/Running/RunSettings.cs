namespace LocalHosting.Running;

/// <summary>What the command line decides. No dashboard port: no dashboard; 0: any free port.</summary>
internal sealed record RunSettings(string ApplicationName, string DataPath, int? DashboardPort, bool IsVerbose, bool RestartsFailures);
