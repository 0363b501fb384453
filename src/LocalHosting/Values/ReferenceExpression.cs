using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;

namespace Aspire.Hosting.ApplicationModel;

/// <summary>Text with holes whose values are known only once the application starts.</summary>
public class ReferenceExpression : IManifestExpressionProvider, IValueProvider, IValueWithReferences
{
    public static readonly ReferenceExpression Empty = new([]);

    private readonly ExpressionPart[] _holes;

    internal ReferenceExpression(IReadOnlyList<ExpressionPart> parts)
    {
        Parts = parts;
        _holes = [.. parts.Where(part => part.Provider is not null)];
        var hole = 0;
        Format = string.Concat(parts.Select(part => part.Provider is null ? part.Literal : $"{{{hole++}}}"));
    }

    /// <summary>A composite format string; braces of the literal text are doubled.</summary>
    public string Format { get; }

    public string ValueExpression =>
        string.Format(CultureInfo.InvariantCulture, Format, [.. _holes.Select(hole => (object)((IManifestExpressionProvider)hole.Provider!).ValueExpression)]);

    public IReadOnlyList<IValueProvider> ValueProviders => [.. _holes.Select(hole => hole.Provider!)];

    IEnumerable<object> IValueWithReferences.References => ValueProviders;

    internal IReadOnlyList<ExpressionPart> Parts { get; }

    public static ReferenceExpression Create(in ExpressionInterpolatedStringHandler handler) => new([.. handler.Parts]);

    /// <summary>Null for an empty expression.</summary>
    public ValueTask<string?> GetValueAsync(CancellationToken cancellationToken) => GetValueAsync(new ValueProviderContext(), cancellationToken);

    /// <inheritdoc cref="GetValueAsync(CancellationToken)"/>
    public async ValueTask<string?> GetValueAsync(ValueProviderContext context, CancellationToken cancellationToken)
    {
        if (Format.Length == 0)
            return null;
        var values = new object?[_holes.Length];
        for (var i = 0; i < values.Length; i++)
        {
            var value = await _holes[i].Provider!.GetValueAsync(context, cancellationToken);
            values[i] = value is null ? null : ExpressionPart.Formatted(value, _holes[i].Literal);
        }
        return string.Format(CultureInfo.InvariantCulture, Format, values);
    }

    /// <summary>What the compiler turns <c>$"..."</c> into.</summary>
    [InterpolatedStringHandler]
    public ref struct ExpressionInterpolatedStringHandler
    {
        public ExpressionInterpolatedStringHandler(int literalLength, int formattedCount)
        {
            Parts = new List<ExpressionPart>(formattedCount + Math.Min(literalLength, formattedCount + 1));
        }

        internal List<ExpressionPart> Parts { get; }

        public readonly void AppendLiteral(string value) => Parts.Add(ExpressionPart.Text(value));

        public readonly void AppendFormatted(string? value) => Parts.Add(ExpressionPart.Text(value));

        public readonly void AppendFormatted(string? value, string? format = null) => Parts.Add(ExpressionPart.Text(value, format));

        public void AppendFormatted<T>(T valueProvider) where T : IValueProvider, IManifestExpressionProvider =>
            ExpressionPart.AddTo(Parts, valueProvider, null);

        public void AppendFormatted<T>(T valueProvider, string? format = null) where T : IValueProvider, IManifestExpressionProvider =>
            ExpressionPart.AddTo(Parts, valueProvider, format);

        public void AppendFormatted<T>(IResourceBuilder<T> valueProvider) where T : IResource, IValueProvider, IManifestExpressionProvider =>
            ExpressionPart.AddTo(Parts, valueProvider.Resource, null);

        public void AppendFormatted<T>(IResourceBuilder<T> valueProvider, string? format = null) where T : IResource, IValueProvider, IManifestExpressionProvider =>
            ExpressionPart.AddTo(Parts, valueProvider.Resource, format);
    }
}

/// <summary>Literal text (braces doubled), or a hole with its format, of which there is one: <c>uri</c>.</summary>
internal readonly record struct ExpressionPart(IValueProvider? Provider, string? Literal)
{
    public static ExpressionPart Text(string? value, string? format = null)
    {
        var text = Formatted(value ?? "", format);
        return new(null, text.Replace("{", "{{", StringComparison.Ordinal).Replace("}", "}}", StringComparison.Ordinal));
    }

    /// <exception cref="FormatException">The format is another one than <c>uri</c>.</exception>
    public static string Formatted(string value, string? format) => format switch
    {
        null or "" => value,
        "uri" => Uri.EscapeDataString(value),
        _ => throw new FormatException($"A value in a reference expression has the format '{format}'; there is only 'uri'."),
    };

    public static void AddTo(List<ExpressionPart> parts, IValueProvider provider, string? format)
    {
        if (provider is ReferenceExpression nested && format is null)
            parts.AddRange(nested.Parts);
        else
            parts.Add(new(provider, format));
    }
}

/// <summary>Builds a <see cref="ReferenceExpression"/> piece by piece.</summary>
public class ReferenceExpressionBuilder
{
    private readonly List<ExpressionPart> _parts = [];

    public bool IsEmpty => _parts.Count == 0;

    public void Append([InterpolatedStringHandlerArgument("")] in ReferenceExpressionBuilderInterpolatedStringHandler handler) => _parts.AddRange(handler.Parts);

    public void AppendLiteral(string value) => _parts.Add(ExpressionPart.Text(value));

    public void AppendFormatted(string? value) => _parts.Add(ExpressionPart.Text(value));

    public void AppendFormatted(string? value, string? format) => _parts.Add(ExpressionPart.Text(value, format));

    public void AppendFormatted<T>(T valueProvider) where T : IValueProvider, IManifestExpressionProvider => ExpressionPart.AddTo(_parts, valueProvider, null);

    public void AppendFormatted<T>(T valueProvider, string? format) where T : IValueProvider, IManifestExpressionProvider =>
        ExpressionPart.AddTo(_parts, valueProvider, format);

    public ReferenceExpression Build() => new([.. _parts]);

    /// <summary>What the compiler turns <c>Append($"...")</c> into.</summary>
    [InterpolatedStringHandler]
    public ref struct ReferenceExpressionBuilderInterpolatedStringHandler
    {
        /// <remarks>Takes the builder only because Aspire's does; the parts reach it through <see cref="Append"/>.</remarks>
        public ReferenceExpressionBuilderInterpolatedStringHandler(int literalLength, int formattedCount, ReferenceExpressionBuilder builder)
        {
            ArgumentNullException.ThrowIfNull(builder);
            Parts = new List<ExpressionPart>(formattedCount + Math.Min(literalLength, formattedCount + 1));
        }

        internal List<ExpressionPart> Parts { get; }

        public readonly void AppendLiteral(string value) => Parts.Add(ExpressionPart.Text(value));

        public readonly void AppendFormatted(string? value) => Parts.Add(ExpressionPart.Text(value));

        public void AppendFormatted(string? value, string format) => Parts.Add(ExpressionPart.Text(value, format));

        public void AppendFormatted<T>(T valueProvider) where T : IValueProvider, IManifestExpressionProvider =>
            ExpressionPart.AddTo(Parts, valueProvider, null);

        public void AppendFormatted<T>(T valueProvider, string? format) where T : IValueProvider, IManifestExpressionProvider =>
            ExpressionPart.AddTo(Parts, valueProvider, format);

        public void AppendFormatted<T>(IResourceBuilder<T> valueProvider) where T : IResource, IValueProvider, IManifestExpressionProvider =>
            ExpressionPart.AddTo(Parts, valueProvider.Resource, null);

        public void AppendFormatted<T>(IResourceBuilder<T> valueProvider, string? format) where T : IResource, IValueProvider, IManifestExpressionProvider =>
            ExpressionPart.AddTo(Parts, valueProvider.Resource, format);
    }
}
