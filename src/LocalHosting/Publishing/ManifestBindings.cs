using System.Text.Json;
using Aspire.Hosting.ApplicationModel;

namespace LocalHosting.Publishing;

/// <summary>Endpoints as a manifest has them. Those without a port get one of their own from 8000 on, except where the deployment tool knows better.</summary>
internal sealed class ManifestBindings(Utf8JsonWriter json)
{
    private static readonly string[] Schemes = ["http", "https", "tcp", "udp"];

    private int _nextPort = 8000;

    public void Write(IResource resource)
    {
        var endpoints = resource.Annotations.OfType<EndpointAnnotation>().ToArray();
        if (endpoints.Length == 0)
            return;
        var seen = new HashSet<string>();
        json.WriteStartObject("bindings");
        foreach (var endpoint in endpoints)
        {
            // The first endpoint of each web scheme of a project listens where its container image does.
            var isDefault = resource is ProjectResource && endpoint.UriScheme is "http" or "https" && seen.Add(endpoint.UriScheme);
            var target = endpoint.TargetPort ?? (isDefault ? null : (resource is ContainerResource ? endpoint.Port : null) ?? _nextPort++);
            var protocol = endpoint.Protocol.ToString().ToLowerInvariant();
            json.WriteStartObject(endpoint.Name);
            json.WriteString("scheme", Schemes.Contains(endpoint.UriScheme) ? endpoint.UriScheme : protocol);
            json.WriteString("protocol", protocol);
            json.WriteString("transport", endpoint.Transport);
            if (endpoint.Port is { } port && port != target)
                json.WriteNumber("port", port);
            if (target is { } targetPort)
                json.WriteNumber("targetPort", targetPort);
            if (endpoint.IsExternal)
                json.WriteBoolean("external", true);
            json.WriteEndObject();
        }
        json.WriteEndObject();
    }
}
