using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;

namespace LocalHosting.Processes;

internal sealed class ExecutableRecipe(ExecutableResource executable) : IProcessRecipe
{
    public Task<ProcessRequest> PrepareAsync(LaunchContext context, CancellationToken cancellationToken)
    {
        if (!Directory.Exists(executable.WorkingDirectory))
            throw new DistributedApplicationException($"the working directory {executable.WorkingDirectory} does not exist.");
        var command = executable.Command.Contains('/', StringComparison.Ordinal)
            ? Path.GetFullPath(executable.Command, executable.WorkingDirectory)
            : executable.Command;
        var program = ProgramFinder.Find(command)
            ?? throw new DistributedApplicationException($"the program '{executable.Command}' was not found; install it or correct its path.");
        return Task.FromResult(new ProcessRequest(program, context.Arguments, executable.WorkingDirectory, context.Environment));
    }
}
