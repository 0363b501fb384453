using System.Collections;
using System.Globalization;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;

namespace LocalHosting.Running;

/// <summary>Computes the environment and the arguments of a process, anew at every start.</summary>
internal sealed class LaunchValues(DistributedApplicationExecutionContext execution, ResourceLoggerService loggers)
{
    // Settings of the AppHost itself, which must not leak into its children.
    private static readonly HashSet<string> OwnSettings =
        ["ASPNETCORE_URLS", "DOTNET_LAUNCH_PROFILE", "ASPNETCORE_ENVIRONMENT", "DOTNET_ENVIRONMENT"];

    /// <summary>The AppHost's own environment, and over it what the resource's callbacks give, in their order. A value that turns out to be null is left out.</summary>
    public async Task<Dictionary<string, string>> EnvironmentAsync(IResource resource, CancellationToken cancellationToken)
    {
        var context = new EnvironmentCallbackContext(execution, resource, null, cancellationToken) { Logger = loggers.GetLogger(resource) };
        await resource.FillAsync(context);
        var environment = Inherited();
        foreach (var (name, value) in context.EnvironmentVariables)
        {
            if (await TextAsync(value, resource, cancellationToken) is { } text)
                environment[name] = text;
        }
        return environment;
    }

    public async Task<IReadOnlyList<string>> ArgumentsAsync(IResource resource, CancellationToken cancellationToken)
    {
        var context = new CommandLineArgsCallbackContext([], resource, cancellationToken) { ExecutionContext = execution, Logger = loggers.GetLogger(resource) };
        await resource.FillAsync(context);
        var arguments = new List<string>();
        foreach (var value in context.Args)
        {
            if (await TextAsync(value, resource, cancellationToken) is { } argument)
                arguments.Add(argument);
        }
        return arguments;
    }

    private static Dictionary<string, string> Inherited()
    {
        var environment = new Dictionary<string, string>();
        foreach (DictionaryEntry entry in Environment.GetEnvironmentVariables())
        {
            var name = (string)entry.Key;
            var isOwn = OwnSettings.Contains(name) || name.StartsWith("DCP_", StringComparison.Ordinal) || name.StartsWith("DEBUG_SESSION", StringComparison.Ordinal);
            if (!isOwn)
                environment[name] = (string?)entry.Value ?? "";
        }
        return environment;
    }

    private async ValueTask<string?> TextAsync(object value, IResource caller, CancellationToken cancellationToken) => value switch
    {
        string text => text,
        IResourceBuilder<IResource> { Resource: var resource } => await TextAsync(resource, caller, cancellationToken),
        IValueProvider provider => await provider.GetValueAsync(new ValueProviderContext { ExecutionContext = execution, Caller = caller }, cancellationToken),
        _ => Convert.ToString(value, CultureInfo.InvariantCulture),
    };
}
