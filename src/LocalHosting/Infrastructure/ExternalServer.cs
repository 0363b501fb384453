using System.Globalization;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace LocalHosting.Infrastructure;

/// <summary>A server that runs elsewhere, as the setting <c>ConnectionStrings:NAME</c> describes it. Nothing is started for it. Not a record: those print their secrets.</summary>
internal sealed class ExternalServer : IResourceAnnotation
{
    /// <summary>The setting's name.</summary>
    public required string Setting { get; init; }

    /// <summary>The setting's value, handed on as it is.</summary>
    public required string ConnectionString { get; init; }

    public required string Host { get; init; }

    public required int Port { get; init; }

    public string? UserName { get; init; }

    public string? Password { get; init; }

    /// <summary>The database that the string itself names.</summary>
    public string? Database { get; init; }

    /// <summary>Whether connections begin with TLS.</summary>
    public bool IsTls { get; init; }

    public string Address => string.Create(CultureInfo.InvariantCulture, $"{Host}:{Port}");

    public ReferenceExpression Expression => ReferenceExpression.Create($"{ConnectionString}");

    public ParameterResource UserNameParameter(string resource) => new($"{resource}-username", _ => UserName ?? "");

    public ParameterResource PasswordParameter(string resource) => new($"{resource}-password", _ => Password ?? "", secret: true);

    /// <summary>The server that the configuration names; null if there is none, so that one is started here. What is published describes no machine of the developer's.</summary>
    /// <exception cref="DistributedApplicationException">The setting is not a connection string of this kind.</exception>
    public static ExternalServer? Configured(IDistributedApplicationBuilder builder, string name, Func<string, string, ExternalServer> read)
    {
        // Environment variables cannot hold a hyphen, so ConnectionStrings__users_db also means users-db.
        var text = builder.Configuration.GetConnectionString(name) ?? builder.Configuration.GetConnectionString(name.Replace('-', '_'));
        return builder.ExecutionContext.IsRunMode && !string.IsNullOrWhiteSpace(text) ? read($"ConnectionStrings:{name}", text) : null;
    }
}

internal static class ServerExtensions
{
    private static readonly TimeSpan ProbeLimit = TimeSpan.FromSeconds(5);

    /// <summary>The server elsewhere that the configuration names; null if the resource runs here.</summary>
    public static ExternalServer? External(this IResource resource) => resource.Annotations.OfType<ExternalServer>().FirstOrDefault();

    /// <summary>Gives the resource the address of the external server and no process.</summary>
    public static IResourceBuilder<T> RunsElsewhere<T>(this IResourceBuilder<T> builder, ExternalServer server) where T : IResourceWithEndpoints =>
        builder.WithAnnotation(server)
            .WithEndpoint("tcp", endpoint => endpoint.AllocatedEndpoint = new AllocatedEndpoint(endpoint, server.Host, server.Port))
            .WithUrlForEndpoint("tcp", url => url.DisplayText = "external server");

    /// <summary>Lets the check decide over the resource's health.</summary>
    public static IResourceBuilder<T> WithCheck<T>(this IResourceBuilder<T> builder, IHealthCheck check) where T : IResource
    {
        var key = $"{builder.Resource.Name}_check";
        builder.ApplicationBuilder.Services.AddHealthChecks().Add(new HealthCheckRegistration(key, check, null, null, ProbeLimit));
        return builder.WithHealthCheck(key);
    }
}
