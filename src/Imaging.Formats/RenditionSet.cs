using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace PhotoPlatform.Imaging.Formats;

/// <summary>How a rendition is fitted to its side.</summary>
public enum RenditionFit
{
    /// <summary>The longer side is at most the given one; never enlarged.</summary>
    LongSide,
    /// <summary>A square around what draws the eye; its side is the given one, or the picture's shorter side where that is less.</summary>
    SmartSquare,
}

/// <summary>One rendition of a set.</summary>
/// <param name="Name">Lower-case letters; part of blob names and of the API.</param>
/// <param name="Side">Pixels.</param>
/// <param name="Fit">Which side that is.</param>
public sealed record RenditionSpec(string Name, int Side, RenditionFit Fit)
{
    /// <summary>The size of this rendition of an upright picture of the given size.</summary>
    public PixelSize SizeFor(PixelSize picture) => Fit switch
    {
        RenditionFit.LongSide => picture.FitLongSide(Side),
        RenditionFit.SmartSquare => new(Math.Min(Side, picture.ShortSide), Math.Min(Side, picture.ShortSide)),
        _ => throw new InvalidOperationException($"No such fit: {Fit}"),
    };
}

/// <summary>The renditions that are made of every photo, all as WebP, and how they are encoded.</summary>
/// <param name="Specs">In the order in which they are listed to clients, smallest first.</param>
/// <param name="Quality">Of lossy WebP, 0-100.</param>
/// <param name="Effort">Of the WebP encoder, 0-6. 2 takes half the time of 4 for 4 % more bytes.</param>
public sealed record RenditionSet(IReadOnlyList<RenditionSpec> Specs, int Quality, int Effort)
{
    /// <summary>Part of the recipe: raise it when the pipeline gives other bytes for the same numbers.</summary>
    private const int PipelineVersion = 1;

    /// <summary>thumb, small, medium and large.</summary>
    public static RenditionSet Default { get; } = new(
        [
            new("thumb", 256, RenditionFit.SmartSquare),
            new("small", 640, RenditionFit.LongSide),
            new("medium", 1280, RenditionFit.LongSide),
            new("large", 2048, RenditionFit.LongSide),
        ],
        Quality: 80,
        Effort: 2);

    /// <summary>The content type of every rendition.</summary>
    public const string ContentType = "image/webp";

    /// <summary>
    /// Names what is done: the first 12 lower-case hex digits of SHA-256 over a canonical description. Equal sets have
    /// equal hashes, and a change of any number changes it, so that a new set never overwrites blobs of an old one.
    /// </summary>
    public string RecipeHash =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Describe())))[..12];

    /// <summary><c>renditions/{photoId}/{version}/{recipe hash}-{name}.webp</c>: a second run writes the same names with the same bytes.</summary>
    public string BlobName(Guid photoId, int version, string rendition) =>
        string.Create(CultureInfo.InvariantCulture, $"renditions/{photoId:D}/{version}/{RecipeHash}-{rendition}.webp");

    /// <summary>
    /// The smallest size to which a picture can be shrunk first so that every rendition can be made from the result
    /// without enlarging: normally the largest rendition's, more where the picture is so narrow that the square needs it.
    /// </summary>
    public PixelSize WorkingSize(PixelSize picture)
    {
        var working = new PixelSize(1, 1);
        foreach (var spec in Specs)
        {
            var needed = spec.Fit == RenditionFit.SmartSquare ? picture.FitShortSide(spec.Side) : spec.SizeFor(picture);
            if (needed.LongSide >= working.LongSide)
                working = needed;
        }
        return working;
    }

    /// <summary>
    /// By how much a JPEG decoder may shrink while it decodes (8, 4, 2 or 1: it leaves out the high frequencies of each
    /// 8 x 8 block) so that the result still covers <paramref name="working"/>.
    /// </summary>
    public static int JpegShrink(PixelSize stored, PixelSize working)
    {
        var shrink = 8;
        while (shrink > 1 && !new PixelSize(stored.Width / shrink, stored.Height / shrink).Covers(working))
            shrink /= 2;
        return shrink;
    }

    private string Describe() => string.Create(CultureInfo.InvariantCulture,
        $"pipeline {PipelineVersion}; webp q {Quality} effort {Effort}; ")
        + string.Join("; ", Specs.Select(spec => string.Create(CultureInfo.InvariantCulture, $"{spec.Name} {spec.Fit} {spec.Side}")));
}
