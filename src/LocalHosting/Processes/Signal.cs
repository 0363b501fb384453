using System.Runtime.InteropServices;

namespace LocalHosting.Processes;

internal enum Signal
{
    Interrupt = 2,
    Kill = 9,
    Terminate = 15,
}

internal static partial class Signals
{
    /// <summary>Does nothing if the process is gone.</summary>
    public static void Send(int pid, Signal signal) => _ = SendSignal(pid, (int)signal);

    public static bool IsRoot { get; } = !OperatingSystem.IsWindows() && EffectiveUser() == 0;

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int SendSignal(int pid, int signal);

    [LibraryImport("libc", EntryPoint = "geteuid")]
    private static partial uint EffectiveUser();
}
