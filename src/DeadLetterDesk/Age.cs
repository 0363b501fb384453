using System.Globalization;

namespace PhotoPlatform.DeadLetterDesk;

/// <summary>Ages as people write them: 30s, 5m, 2h, 3d.</summary>
internal static class Age
{
    private static readonly (char Unit, TimeSpan Length)[] Units = [('d', TimeSpan.FromDays(1)), ('h', TimeSpan.FromHours(1)), ('m', TimeSpan.FromMinutes(1)), ('s', TimeSpan.FromSeconds(1))];

    /// <summary>Null when it is none.</summary>
    internal static TimeSpan? Parse(string text) =>
        text.Length > 1 && int.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number <= 36_500
        && Units.FirstOrDefault(unit => unit.Unit == text[^1]) is { Unit: not '\0' } unit ? number * unit.Length : null;

    /// <summary>In the largest unit that it fills, rounded down.</summary>
    internal static string Write(TimeSpan age)
    {
        var (unit, length) = Units.FirstOrDefault(unit => age >= unit.Length, Units[^1]);
        return string.Create(CultureInfo.InvariantCulture, $"{Math.Max(0, (long)(age / length))}{unit}");
    }

    /// <summary>How long ago that was; a dash when nobody knows.</summary>
    internal static string Since(DateTimeOffset? time, DateTimeOffset now) => time is { } known ? Write(now - known) : "-";
}
