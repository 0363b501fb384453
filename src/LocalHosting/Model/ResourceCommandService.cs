using Microsoft.Extensions.Logging;

namespace Aspire.Hosting.ApplicationModel;

/// <summary>Executes the commands of resources: start, stop, restart and those added by <c>WithCommand</c>.</summary>
public class ResourceCommandService
{
    private readonly DistributedApplicationModel _model;
    private readonly ResourceNotificationService _notifications;
    private readonly ResourceLoggerService _loggers;
    private readonly IServiceProvider _services;

    internal ResourceCommandService(DistributedApplicationModel model, ResourceNotificationService notifications, ResourceLoggerService loggers, IServiceProvider services)
    {
        _model = model;
        _notifications = notifications;
        _loggers = loggers;
        _services = services;
    }

    public Task<ExecuteCommandResult> ExecuteCommandAsync(string resourceId, string commandName, CancellationToken cancellationToken = default)
    {
        var resource = _model.Find(resourceId);
        return resource is null
            ? Task.FromResult(CommandResults.Failure($"There is no resource '{resourceId}'."))
            : ExecuteCommandAsync(resource, commandName, cancellationToken);
    }

    /// <summary>Unknown and disabled commands, and commands that throw, are failures, not exceptions.</summary>
    public async Task<ExecuteCommandResult> ExecuteCommandAsync(IResource resource, string commandName, CancellationToken cancellationToken = default)
    {
        var command = resource.Annotations.OfType<ResourceCommandAnnotation>().LastOrDefault(command => command.Name == commandName);
        if (command is null)
            return CommandResults.Failure($"'{resource.Name}' has no command '{commandName}'.");
        if (State(resource, command) != ResourceCommandState.Enabled)
            return CommandResults.Failure($"'{commandName}' is not possible: '{resource.Name}' is {_notifications.Snapshot(resource).State?.Text ?? "not started"}.");
        try
        {
            return await command.ExecuteCommand(new ExecuteCommandContext
            {
                ServiceProvider = _services,
                ResourceName = resource.Name,
                CancellationToken = cancellationToken,
            });
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return CommandResults.Canceled();
        }
#pragma warning disable CA1031 // a command is the user's code; whatever it throws is its result
        catch (Exception exception)
#pragma warning restore CA1031
        {
            _loggers.GetLogger(resource).LogError("command '{Command}' failed: {Reason}", commandName, exception.Message);
            return CommandResults.Failure(exception);
        }
    }

    internal ResourceCommandState State(IResource resource, ResourceCommandAnnotation command) =>
        command.UpdateState(new UpdateCommandStateContext { ResourceSnapshot = _notifications.Snapshot(resource), ServiceProvider = _services });
}
