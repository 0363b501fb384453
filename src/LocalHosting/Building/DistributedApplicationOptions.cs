namespace Aspire.Hosting;

/// <summary>Options of <see cref="DistributedApplication.CreateBuilder(DistributedApplicationOptions)"/>.</summary>
public sealed class DistributedApplicationOptions
{
    public string[]? Args { get; set; }

    /// <summary>The AppHost's assembly; default: the entry assembly.</summary>
    public string? AssemblyName { get; set; }

    /// <summary>The AppHost's project directory; default: as the build recorded it.</summary>
    public string? ProjectDirectory { get; set; }

    public bool DisableDashboard { get; set; }

    /// <summary>Shows every line of every resource on the console, like <c>--verbose</c>.</summary>
    public bool EnableResourceLogging { get; set; }

    /// <summary>Everything here is plain HTTP on the loopback interface, whatever the value.</summary>
    public bool AllowUnsecuredTransport { get; set; }

    /// <summary>The application's name on the console and the dashboard; default: the AppHost's assembly name without <c>.AppHost</c>.</summary>
    public string? DashboardApplicationName { get; set; }

    public bool? TrustDeveloperCertificate { get; set; }
}

/// <summary>What the AppHost was started for.</summary>
public enum DistributedApplicationOperation
{
    Run,
    Publish,
}

public class DistributedApplicationExecutionContext(DistributedApplicationOperation operation)
{
    private IServiceProvider? _services;

    public DistributedApplicationOperation Operation => operation;

    public bool IsRunMode => operation == DistributedApplicationOperation.Run;

    public bool IsPublishMode => operation == DistributedApplicationOperation.Publish;

    public string PublisherName { get; set; } = "";

    /// <exception cref="InvalidOperationException">The application is not built yet.</exception>
    public IServiceProvider ServiceProvider
    {
        get => _services ?? throw new InvalidOperationException("The service provider exists only after Build().");
        internal set => _services = value;
    }
}

/// <summary>The application cannot do what was asked; the message is for the person at the terminal.</summary>
public class DistributedApplicationException : Exception
{
    public DistributedApplicationException()
    {
    }

    public DistributedApplicationException(string message)
        : base(message)
    {
    }

    public DistributedApplicationException(string message, Exception inner)
        : base(message, inner)
    {
    }
}
