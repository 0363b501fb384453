using Aspire.Hosting.ApplicationModel;
using LocalHosting.Network;
using LocalHosting.Running;

namespace LocalHosting.Processes;

/// <summary>How a resource becomes a process.</summary>
internal interface IProcessRecipe
{
    /// <summary>Servers write their ordinary log to standard error.</summary>
    bool IsServer => false;

    /// <summary>Prepares data and says what to run. Called at every start, after all waits.</summary>
    Task<ProcessRequest> PrepareAsync(LaunchContext context, CancellationToken cancellationToken);
}

/// <summary>What a recipe may use; the environment and the arguments are final values.</summary>
internal sealed record LaunchContext(IResource Resource, DataDirectory Data, PortRegistry Ports, Dictionary<string, string> Environment,
    IReadOnlyList<string> Arguments, ResourceLog Log);

/// <summary>A program to run. Its environment is exactly the one given.</summary>
internal sealed record ProcessRequest(string Program, IReadOnlyList<string> Arguments, string WorkingDirectory, IReadOnlyDictionary<string, string> Environment)
{
    /// <summary>Another user to run as; only root can ask for it.</summary>
    public string? RunAs { get; init; }

    /// <summary>What the program reads from its standard input, which is then closed.</summary>
    public string? StandardInput { get; init; }

    public Signal StopSignal { get; init; } = Signal.Terminate;

    /// <summary>How long the program may take to stop.</summary>
    public TimeSpan Grace { get; init; } = TimeSpan.FromSeconds(10);
}

internal sealed class ProcessRecipeAnnotation(IProcessRecipe recipe) : IResourceAnnotation
{
    public IProcessRecipe Recipe => recipe;
}
