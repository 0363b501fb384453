namespace Aspire.Hosting.Testing;

/// <summary>The model of an application under test: it may be changed until it is built. Disposing it ends the application too.</summary>
public interface IDistributedApplicationTestingBuilder : IDistributedApplicationBuilder, IAsyncDisposable, IDisposable
{
    /// <summary>Lets the AppHost go on and returns its application, which the test starts and disposes.</summary>
    /// <exception cref="DistributedApplicationException">The AppHost failed or ended before it ran the application.</exception>
    Task<DistributedApplication> BuildAsync(CancellationToken cancellationToken = default);
}
