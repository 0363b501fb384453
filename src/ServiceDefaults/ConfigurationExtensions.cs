using Microsoft.Extensions.Configuration;

namespace PhotoPlatform.ServiceDefaults;

/// <summary>Configuration that fails closed.</summary>
public static class ConfigurationExtensions
{
    /// <summary>A setting that must be there.</summary>
    /// <exception cref="InvalidOperationException">It is not; the message names it.</exception>
    public static string Require(this IConfiguration configuration, string key) => configuration[key] is { Length: > 0 } value
        ? value
        : throw new InvalidOperationException($"The setting '{key}' is missing: set the environment variable {key.Replace(":", "__", StringComparison.Ordinal)}.");
}
