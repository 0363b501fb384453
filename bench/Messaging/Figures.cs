using System.Globalization;

namespace PhotoPlatform.Messaging.Bench;

/// <summary>Quantiles, and lines of output that programs can read.</summary>
internal static class Figures
{
    /// <summary>Of the sorted values, the one below which the given part lies.</summary>
    internal static double At(IReadOnlyCollection<double> values, double quantile) => values.Order().ElementAt((int)(quantile * (values.Count - 1)));

    internal static double Median(IReadOnlyCollection<double> values) => values.Count % 2 == 1 ? At(values, 0.5) : (At(values, 0.5) + values.Order().ElementAt(values.Count / 2)) / 2;

    internal static void Print(FormattableString line) => Console.WriteLine(line.ToString(CultureInfo.InvariantCulture));

    internal static void Ratio(string name, double value) => Print($"RATIO {name} {value:0.00}");
}
