using System.Text.Json;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using LocalHosting.Running;

namespace LocalHosting.Publishing;

/// <summary>Writes a model in the form of the schema <c>aspire-8.0.json</c>; relative paths start at the manifest's directory.</summary>
internal sealed class ManifestWriter(Utf8JsonWriter json, string directory, DistributedApplicationExecutionContext execution)
{
    private static readonly ServerContainer NoContainer = new(default, null, new Dictionary<string, object>(), []);

    private readonly ManifestExpressions _expressions = new();
    private readonly ManifestBindings _bindings = new(json);

    /// <exception cref="DistributedApplicationException">A resource or a value of it has no form in a manifest.</exception>
    public async Task WriteAsync(IReadOnlyCollection<IResource> resources, CancellationToken cancellationToken)
    {
        json.WriteStartObject();
        json.WriteString("$schema", "https://json.schemastore.org/aspire-8.0.json");
        json.WriteStartObject("resources");
        // What runs elsewhere is known by its address alone, which stands in the values.
        foreach (var resource in resources.Where(resource => resource is not ExternalServiceResource && !resource.Annotations.OfType<ManifestExclusion>().Any()))
            await WriteAsync(resource, cancellationToken);
        // Generated passwords are not in the model: only those who use them know them.
        foreach (var parameter in _expressions.Parameters.Where(parameter => resources.All(resource => resource.Name != parameter.Name)))
            await WriteAsync(parameter, cancellationToken);
        foreach (var (name, parameter) in _expressions.Encoded)
        {
            json.WriteStartObject(name);
            json.WriteString("type", "annotated.string");
            json.WriteString("value", parameter.ValueExpression);
            json.WriteString("filter", ManifestExpressions.UriFilter);
            json.WriteEndObject();
        }
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private async Task WriteAsync(IResource resource, CancellationToken cancellationToken)
    {
        json.WriteStartObject(resource.Name);
        switch (resource)
        {
            case ProjectResource project:
                json.WriteString("type", "project.v0");
                json.WriteString("path", Relative(project.Annotations.OfType<IProjectMetadata>().Last().ProjectPath));
                await WriteProcessAsync(project, NoContainer, cancellationToken);
                break;
            case ExecutableResource executable:
                json.WriteString("type", "executable.v0");
                json.WriteString("workingDirectory", Relative(executable.WorkingDirectory));
                json.WriteString("command", executable.Command);
                await WriteProcessAsync(executable, NoContainer, cancellationToken);
                break;
            case ContainerResource container:
                var server = ServerContainer.Of(container);
                json.WriteString("type", "container.v0");
                if (container is IResourceWithConnectionString connected)
                    WriteConnectionString(connected);
                json.WriteString("image", server.Image.ToString());
                if ((container.Entrypoint ?? server.Entrypoint) is { } entrypoint)
                    json.WriteString("entrypoint", entrypoint);
                WriteMounts(container);
                await WriteProcessAsync(container, server, cancellationToken);
                break;
            case ParameterResource parameter:
                json.WriteString("type", "parameter.v0");
                WriteInput(resource, parameter.Secret, parameter.Default);
                break;
            case ConfiguredConnectionString:
                json.WriteString("type", "parameter.v0");
                json.WriteString("connectionString", $"{{{resource.Name}.value}}");
                WriteInput(resource, isSecret: true, null);
                break;
            case IResourceWithConnectionString connection:
                json.WriteString("type", "value.v0");
                WriteConnectionString(connection);
                break;
            default:
                throw new DistributedApplicationException($"The resource '{resource.Name}' ({resource.GetType().Name}) has no form in a manifest; leave it out with ExcludeFromManifest().");
        }
        json.WriteEndObject();
    }

    /// <summary>What everything that runs has. What Program.cs says goes over what the kind of server needs.</summary>
    private async Task WriteProcessAsync(IResource resource, ServerContainer server, CancellationToken cancellationToken)
    {
        var launch = new CommandLineArgsCallbackContext([.. server.Arguments], resource, cancellationToken) { ExecutionContext = execution };
        await resource.FillAsync(launch);
        if (launch.Args.Count > 0)
        {
            json.WriteStartArray("args");
            foreach (var argument in launch.Args)
                json.WriteStringValue(_expressions.Text(resource, argument));
            json.WriteEndArray();
        }

        var context = new EnvironmentCallbackContext(execution, resource, server.Environment.ToDictionary(), cancellationToken);
        await resource.FillAsync(context);
        if (context.EnvironmentVariables.Count > 0)
        {
            json.WriteStartObject("env");
            foreach (var (name, value) in context.EnvironmentVariables)
                json.WriteString(name, _expressions.Text(resource, value));
            json.WriteEndObject();
        }
        _bindings.Write(resource);
    }

    private void WriteConnectionString(IResourceWithConnectionString resource) =>
        json.WriteString("connectionString", _expressions.Text(resource, resource.ConnectionStringExpression));

    /// <summary>A value that whoever deploys is asked for.</summary>
    private void WriteInput(IResource resource, bool isSecret, ParameterDefault? value)
    {
        json.WriteString("value", $"{{{resource.Name}.inputs.value}}");
        json.WriteStartObject("inputs");
        json.WriteStartObject("value");
        json.WriteString("type", "string");
        if (isSecret)
            json.WriteBoolean("secret", true);
        WriteDefault(value);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private void WriteDefault(ParameterDefault? value)
    {
        switch (value)
        {
            case Values.PersistedParameterDefault persisted:
                WriteDefault(persisted.Inner);
                break;
            case GenerateParameterDefault generated:
                json.WriteStartObject("default");
                WriteGeneration(generated);
                json.WriteEndObject();
                break;
            case Values.GivenDefault { IsPublished: true }:
                json.WriteStartObject("default");
                json.WriteString("value", value.GetDefaultValue());
                json.WriteEndObject();
                break;
        }
    }

    private void WriteGeneration(GenerateParameterDefault generated)
    {
        json.WriteStartObject("generate");
        json.WriteNumber("minLength", generated.MinLength);
        foreach (var (name, isAllowed) in new[] { ("lower", generated.Lower), ("upper", generated.Upper), ("numeric", generated.Numeric), ("special", generated.Special) })
        {
            if (!isAllowed)
                json.WriteBoolean(name, false);
        }
        foreach (var (name, least) in new[] { ("minLower", generated.MinLower), ("minUpper", generated.MinUpper), ("minNumeric", generated.MinNumeric), ("minSpecial", generated.MinSpecial) })
        {
            if (least > 0)
                json.WriteNumber(name, least);
        }
        json.WriteEndObject();
    }

    private void WriteMounts(ContainerResource container)
    {
        var mounts = container.Annotations.OfType<ContainerMountAnnotation>().ToArray();
        WriteMounts("bindMounts", mounts.Where(mount => mount.Type == ContainerMountType.BindMount), "source", source => Relative(source!));
        WriteMounts("volumes", mounts.Where(mount => mount.Type == ContainerMountType.Volume), "name", name => name ?? "");
    }

    private void WriteMounts(string kind, IEnumerable<ContainerMountAnnotation> mounts, string sourceName, Func<string?, string> source)
    {
        if (!mounts.Any())
            return;
        json.WriteStartArray(kind);
        foreach (var mount in mounts)
        {
            json.WriteStartObject();
            json.WriteString(sourceName, source(mount.Source));
            json.WriteString("target", mount.Target);
            json.WriteBoolean("readOnly", mount.IsReadOnly);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    private string Relative(string path) => Path.GetRelativePath(directory, path).Replace('\\', '/');
}
