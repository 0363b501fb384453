using System.Globalization;

namespace PhotoPlatform.Media.Data;

/// <summary>What the photos of one user may take: <c>Media:Quota:Bytes</c> and <c>Media:Quota:Photos</c>.</summary>
/// <param name="Bytes">Of all originals.</param>
/// <param name="Photos">How many, in whatever state.</param>
internal sealed record Quota(long Bytes = 10L * 1024 * 1024 * 1024, int Photos = 10_000)
{
    internal static Quota FromConfiguration(IConfiguration configuration)
    {
        var standard = new Quota();
        return new Quota(Read(configuration, "Media:Quota:Bytes", standard.Bytes), (int)Math.Min(Read(configuration, "Media:Quota:Photos", standard.Photos), int.MaxValue));
    }

    private static long Read(IConfiguration configuration, string key, long standard) => configuration[key] switch
    {
        null or "" => standard,
        var text when long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) => value,
        var text => throw new InvalidOperationException($"The setting '{key}' is '{text}': it must be a whole number."),
    };
}
