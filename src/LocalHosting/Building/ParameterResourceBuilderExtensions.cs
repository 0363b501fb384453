using Aspire.Hosting.ApplicationModel;
using LocalHosting.Values;
using Microsoft.Extensions.Configuration;

namespace Aspire.Hosting;

/// <summary>Parameters and connection strings from configuration.</summary>
public static class ParameterResourceBuilderExtensions
{
    /// <summary>A value that must be configured: <c>Parameters:NAME</c>.</summary>
    public static IResourceBuilder<ParameterResource> AddParameter(this IDistributedApplicationBuilder builder, string name, bool secret = false) =>
        builder.Add(name, $"Parameters:{name}", secret, defaultValue: null);

    /// <summary>A value that may be configured.</summary>
    public static IResourceBuilder<ParameterResource> AddParameter(this IDistributedApplicationBuilder builder, string name, string value,
        bool publishValueAsDefault = false, bool secret = false) => builder.AddParameter(name, () => value, publishValueAsDefault, secret);

    /// <inheritdoc cref="AddParameter(IDistributedApplicationBuilder, string, string, bool, bool)"/>
    public static IResourceBuilder<ParameterResource> AddParameter(this IDistributedApplicationBuilder builder, string name, Func<string> valueGetter,
        bool publishValueAsDefault = false, bool secret = false) => builder.Add(name, $"Parameters:{name}", secret, new GivenDefault(valueGetter, publishValueAsDefault));

    /// <summary>A value that may be configured, else comes from <paramref name="value"/>; persisted ones are kept in the data directory.</summary>
    public static IResourceBuilder<ParameterResource> AddParameter(this IDistributedApplicationBuilder builder, string name, ParameterDefault value,
        bool secret = false, bool persist = false) =>
        builder.Add(name, $"Parameters:{name}", secret, persist ? Persisted(builder, name, value) : value);

    /// <summary>A value that must be configured under a key of its own.</summary>
    public static IResourceBuilder<ParameterResource> AddParameterFromConfiguration(this IDistributedApplicationBuilder builder, string name,
        string configurationKey, bool secret = false) => builder.Add(name, configurationKey, secret, defaultValue: null);

    /// <summary>A connection string from configuration: <c>ConnectionStrings:NAME</c>.</summary>
    public static IResourceBuilder<IResourceWithConnectionString> AddConnectionString(this IDistributedApplicationBuilder builder, string name,
        string? environmentVariableName = null) =>
        builder.AddResource(new ConfiguredConnectionString(name, environmentVariableName, () => builder.Configuration.GetConnectionString(name)));

    public static IResourceBuilder<ParameterResource> WithDescription(this IResourceBuilder<ParameterResource> builder, string description, bool enableMarkdown = false)
    {
        builder.Resource.Description = description;
        return builder;
    }

    /// <summary>A generated password of at least 22 characters, kept in the data directory.</summary>
    public static ParameterResource CreateDefaultPasswordParameter(IDistributedApplicationBuilder builder, string name, bool lower = true, bool upper = true,
        bool numeric = true, bool special = true, int minLower = 0, int minUpper = 0, int minNumeric = 0, int minSpecial = 0) =>
        Create(builder, name, $"Parameters:{name}", secret: true, Persisted(builder, name, new GenerateParameterDefault
        {
            MinLength = 22,
            Lower = lower,
            Upper = upper,
            Numeric = numeric,
            Special = special,
            MinLower = minLower,
            MinUpper = minUpper,
            MinNumeric = minNumeric,
            MinSpecial = minSpecial,
        }));

    private static IResourceBuilder<ParameterResource> Add(this IDistributedApplicationBuilder builder, string name, string key, bool secret, ParameterDefault? defaultValue) =>
        builder.AddResource(Create(builder, name, key, secret, defaultValue));

    private static ParameterResource Create(IDistributedApplicationBuilder builder, string name, string key, bool secret, ParameterDefault? defaultValue) =>
        new(name, fallback => Configured(builder.Configuration, key) ?? fallback?.GetDefaultValue()
            ?? throw new MissingParameterValueException($"The parameter '{name}' has no value; set {key} in the configuration, for example --{key}=VALUE."), secret)
        {
            Default = defaultValue,
        };

    // Environment variables cannot hold a hyphen, so Parameters__api_key also means api-key.
    private static string? Configured(ConfigurationManager configuration, string key) =>
        configuration[key] ?? configuration[key.Replace('-', '_')];

    private static PersistedParameterDefault Persisted(IDistributedApplicationBuilder builder, string name, ParameterDefault value) =>
        new(new SecretStore(Path.Combine(builder.Configuration["data"]!, "secrets.json")), $"Parameters:{name}", value);
}

/// <summary>Connection strings put together from other values.</summary>
public static class ConnectionStringBuilderExtensions
{
    public static IResourceBuilder<ConnectionStringResource> AddConnectionString(this IDistributedApplicationBuilder builder, string name,
        ReferenceExpression connectionStringExpression) => builder.AddResource(new ConnectionStringResource(name, connectionStringExpression));

    public static IResourceBuilder<ConnectionStringResource> AddConnectionString(this IDistributedApplicationBuilder builder, string name,
        Action<ReferenceExpressionBuilder> connectionStringBuilder)
    {
        var expression = new ReferenceExpressionBuilder();
        connectionStringBuilder(expression);
        return builder.AddConnectionString(name, expression.Build());
    }
}

internal sealed class ConfiguredConnectionString(string name, string? environmentVariableName, Func<string?> read)
    : Resource(name), IResourceWithConnectionString, IResourceWithWaitSupport
{
    public string? ConnectionStringEnvironmentVariable => environmentVariableName;

    public ReferenceExpression ConnectionStringExpression => ReferenceExpression.Create($"{read()}");

    public ValueTask<string?> GetConnectionStringAsync(CancellationToken cancellationToken = default) => new(read());
}
