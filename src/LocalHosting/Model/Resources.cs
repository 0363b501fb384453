using Aspire.Hosting.ApplicationModel;

namespace Aspire.Hosting
{
    /// <summary>Can be found by name: its endpoints are handed on as <c>services__NAME__SCHEME__0</c>.</summary>
    public interface IResourceWithServiceDiscovery : IResourceWithEndpoints;

    /// <summary>A connection string put together from other values.</summary>
    public sealed class ConnectionStringResource(string name, ReferenceExpression connectionStringExpression)
        : Resource(name), IResourceWithConnectionString, IResourceWithWaitSupport
    {
        public ReferenceExpression ConnectionStringExpression => connectionStringExpression;
    }
}

namespace Aspire.Hosting.ApplicationModel
{
    /// <summary>A .NET project, started from its build output.</summary>
    public class ProjectResource(string name) : Resource(name), IResourceWithEnvironment, IResourceWithArgs, IResourceWithServiceDiscovery,
        IResourceWithWaitSupport, IResourceWithProbes, IComputeResource, IContainerFilesDestinationResource;

    /// <summary>Any program.</summary>
    public class ExecutableResource(string name, string command, string workingDirectory) : Resource(name), IResourceWithEnvironment,
        IResourceWithArgs, IResourceWithEndpoints, IResourceWithWaitSupport, IResourceWithProbes, IComputeResource
    {
        public string Command => command;

        public string WorkingDirectory => workingDirectory;
    }

    /// <summary>A server. Here it is a local program; what only concerns container images has no effect.</summary>
    public class ContainerResource(string name, string? entrypoint = null) : Resource(name), IResourceWithEnvironment, IResourceWithArgs,
        IResourceWithEndpoints, IResourceWithWaitSupport, IResourceWithProbes, IComputeResource
    {
        public string? Entrypoint { get; set; } = entrypoint;
    }

    /// <summary>How long a container lives. Servers here keep their data in the data directory and stop with the AppHost, whatever the value.</summary>
    public enum ContainerLifetime
    {
        Session,
        Persistent,
    }
}
