using Aspire.Hosting.ApplicationModel;

namespace LocalHosting.Running;

/// <summary>Lets the callbacks of a resource fill in its environment or arguments, in their order.</summary>
internal static class ResourceCallbacks
{
    public static async Task FillAsync(this IResource resource, EnvironmentCallbackContext context)
    {
        foreach (var callback in resource.Annotations.OfType<EnvironmentCallbackAnnotation>().ToArray())
            await callback.Callback(context);
    }

    public static async Task FillAsync(this IResource resource, CommandLineArgsCallbackContext context)
    {
        foreach (var callback in resource.Annotations.OfType<CommandLineArgsCallbackAnnotation>().ToArray())
            await callback.Callback(context);
    }
}
