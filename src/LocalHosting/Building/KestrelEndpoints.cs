using System.Net.Sockets;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;

namespace LocalHosting.Building;

/// <summary>The project's settings say where Kestrel listens, which makes it ignore every other address.</summary>
internal sealed class KestrelEndpointsAnnotation(IReadOnlyDictionary<string, string> names) : IResourceAnnotation
{
    /// <summary>The variable that says where the endpoint listens instead.</summary>
    public string Variable(EndpointReference endpoint) => $"Kestrel__Endpoints__{names.GetValueOrDefault(endpoint.EndpointName, endpoint.EndpointName)}__Url";
}

/// <summary>Endpoints from the section <c>Kestrel:Endpoints</c> of a project's own settings.</summary>
internal static class KestrelEndpoints
{
    /// <returns>Whether there are any.</returns>
    public static bool AddTo(IResourceBuilder<ProjectResource> project, string projectPath)
    {
        var settings = Settings(Path.GetDirectoryName(projectPath)!, project.ApplicationBuilder.Environment.EnvironmentName);
        var listed = settings.GetSection("Kestrel:Endpoints").GetChildren().Where(endpoint => endpoint["Url"] is not null)
            .Select(endpoint => (Name: endpoint.Key, Address: Parse(endpoint["Url"]!, $"The setting {endpoint.Path}:Url of '{project.Resource.Name}'"), Protocols: endpoint["Protocols"])).ToArray();
        var names = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var (name, address, protocols) in listed)
        {
            // The only one of its scheme goes by that name, as one from a launch profile does.
            var endpointName = listed.Count(other => other.Address.Scheme == address.Scheme) == 1 ? address.Scheme : name;
            names[endpointName] = name;
            project.WithEndpoint(endpointName, endpoint =>
            {
                Describe(endpoint, address);
                if ((protocols ?? settings["Kestrel:EndpointDefaults:Protocols"]) == "Http2")
                    endpoint.Transport = "http2";
            });
        }
        if (listed.Length > 0)
            project.WithAnnotation(new KestrelEndpointsAnnotation(names));
        return listed.Length > 0;
    }

    /// <param name="url">Such as <c>http://localhost:5000</c> or <c>http://*:0</c>.</param>
    /// <param name="source">Where it stands, for the sentence that says that it is no address.</param>
    public static BindingAddress Parse(string url, string source)
    {
        try
        {
            return BindingAddress.Parse(url);
        }
        catch (FormatException exception)
        {
            throw new DistributedApplicationException($"{source} is '{url}', which is not an address; write one such as http://localhost:5000.", exception);
        }
    }

    /// <summary>The address is the public one; the host is kept, as a wildcard means that the program listens on every interface.</summary>
    public static void Describe(EndpointAnnotation endpoint, BindingAddress address)
    {
        endpoint.UriScheme = address.Scheme;
        endpoint.Transport = "http";
        endpoint.TargetHost = address.Host;
        endpoint.Port = address.Port == 0 ? null : address.Port;
    }

    private static IConfigurationRoot Settings(string directory, string environment)
    {
        var files = new[] { "appsettings.json", $"appsettings.{environment}.json" }.Select(name => Path.Combine(directory, name)).Where(File.Exists);
        var settings = new ConfigurationBuilder();
        foreach (var file in files)
            settings.AddJsonFile(file);
        try
        {
            return settings.Build();
        }
        catch (InvalidDataException exception)
        {
            throw new DistributedApplicationException($"{exception.Message} {exception.InnerException?.Message}", exception);
        }
    }
}
