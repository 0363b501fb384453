using System.Globalization;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;

namespace LocalHosting.Publishing;

/// <summary>Values as a manifest has them, such as <c>{bus.bindings.tcp.host}</c>, and the parameters that they need.</summary>
internal sealed class ManifestExpressions
{
    public const string UriFilter = "uri";

    private readonly Dictionary<string, ParameterResource> _parameters = [];

    public IReadOnlyCollection<ParameterResource> Parameters => _parameters.Values;

    /// <summary>The parameters that also stand escaped in an address, by the name of the escaped value.</summary>
    public SortedDictionary<string, ParameterResource> Encoded { get; } = new(StringComparer.Ordinal);

    /// <exception cref="DistributedApplicationException">The value is known only to a running application.</exception>
    public string Text(IResource reader, object value)
    {
        Collect(value);
        return value switch
        {
            string text => text,
            bool isTrue => isTrue ? "true" : "false",
            ReferenceExpression expression => string.Concat(expression.Parts.Select(part => Part(reader, part))),
            IResourceBuilder<IResource> builder => Text(reader, builder.Resource),
            IManifestExpressionProvider provider => provider.ValueExpression,
            IValueProvider => throw new DistributedApplicationException(
                $"A value of the resource '{reader.Name}' is a {value.GetType().Name}, which has no form in a manifest; let it implement {nameof(IManifestExpressionProvider)}."),
            _ => Convert.ToString(value, CultureInfo.InvariantCulture) ?? "",
        };
    }

    private string Part(IResource reader, ExpressionPart part)
    {
        if (part.Provider is null)
            return part.Literal?.Replace("{{", "{", StringComparison.Ordinal).Replace("}}", "}", StringComparison.Ordinal) ?? "";
        if (part.Literal != UriFilter || Parameter(part.Provider) is not { } parameter)
            return Text(reader, part.Provider);
        var name = $"{parameter.Name}-{UriFilter}-encoded";
        Encoded[name] = parameter;
        return $"{{{name}.value}}";
    }

    private static ParameterResource? Parameter(object provider) => provider switch
    {
        ParameterResource parameter => parameter,
        ReferenceExpression { Parts: [{ Provider: { } only }] } => Parameter(only),
        _ => null,
    };

    private void Collect(object value)
    {
        if (value is ParameterResource parameter)
            _parameters[parameter.Name] = parameter;
        else if (value is IValueWithReferences and not IResource)
        {
            foreach (var reference in ((IValueWithReferences)value).References)
                Collect(reference);
        }
    }
}
