using System.Security.Cryptography;
using PhotoPlatform.Imaging.Formats;
using PhotoPlatform.Imaging.Vips;

namespace PhotoPlatform.Imaging;

/// <summary>
/// Renders in this process with libvips, one thread per photo. Order of the work, chosen by measurement: shrink while
/// decoding, resize to the largest rendition, and only there convert colours and turn upright; then each rendition from
/// the next larger one.
/// </summary>
public sealed class VipsPhotoRenderer : IPhotoRenderer
{
    private readonly ImageLimits _limits;

    /// <param name="limits">Checked again here, whatever was checked at the upload.</param>
    /// <exception cref="DllNotFoundException">libvips is not installed; the message says what to install.</exception>
    public VipsPhotoRenderer(ImageLimits limits)
    {
        _limits = limits;
        VipsLibrary.Start();
    }

    /// <inheritdoc/>
    public Task<RenderOutcome> RenderAsync(ReadOnlyMemory<byte> original, RenditionSet set, CancellationToken cancellationToken) =>
        Task.Run(() => Render(original.Span, set, cancellationToken), cancellationToken);

    private RenderOutcome Render(ReadOnlySpan<byte> original, RenditionSet set, CancellationToken cancellationToken)
    {
        if (_limits.CheckLength(original.Length) is { } tooLong)
            return new Rejected(tooLong);
        var inspection = ImageHeader.Inspect(original, endOfFile: true);
        if (inspection.Rejection is { } refused)
            return new Rejected(refused);
        var header = inspection.Header;
        if (_limits.Check(header) is { } tooBig)
            return new Rejected(tooBig);

        using var stripped = new NativeBuffer(ImageStripper.MaxLength(original.Length));
        if (ImageStripper.Strip(original, header.Type, stripped.Span, keepColourProfile: true, out var length) is { } broken)
            return new Rejected(broken);
        stripped.Length = length;

        var orientation = ExifOrientations.Read(header.Type, original);
        VipsImage decoded;
        try
        {
            decoded = Decode(stripped, header, set.WorkingSize(header.Size), cancellationToken);
        }
        catch (VipsException e) when (!IsOurFault(e))
        {
            return new Rejected(Rejection.CorruptPixels, e.Message);
        }
        using (decoded)
        using (var picture = VipsColours.ToSrgbUpright(decoded, orientation))
        {
            var full = orientation.Transposes() ? header.Size.Transpose() : header.Size;
            return Render(picture, full, set, cancellationToken);
        }
    }

    // libvips, libjpeg and libpng all say "memory" when they get none.
    private static bool IsOurFault(VipsException e) => e.Message.Contains("memory", StringComparison.OrdinalIgnoreCase);

    /// <summary>The stored picture at its working size, in memory, in its own colours.</summary>
    private static VipsImage Decode(NativeBuffer file, ImageHeader header, PixelSize working, CancellationToken cancellationToken)
    {
        const int Sequential = 1, Error = 2;
        var shrink = header.Type == ImageType.Jpeg ? RenditionSet.JpegShrink(header.Size, working) : 1;
        using var loaded = header.Type switch
        {
            ImageType.Jpeg => VipsOperation.Image("jpegload_buffer",
                ("buffer", file), ("shrink", shrink), ("access", Sequential), ("fail_on", Error)),
            ImageType.Png => VipsOperation.Image("pngload_buffer", ("buffer", file), ("access", Sequential), ("fail_on", Error)),
            ImageType.WebP => VipsOperation.Image("webpload_buffer", ("buffer", file), ("access", Sequential), ("fail_on", Error)),
            ImageType.Gif => VipsOperation.Image("gifload_buffer", ("buffer", file), ("access", Sequential), ("fail_on", Error)),
            _ => throw new ArgumentOutOfRangeException(nameof(header), header.Type, null),
        };
        var expected = new PixelSize((header.Width + shrink - 1) / shrink, (header.Height + shrink - 1) / shrink);
        if (loaded.Size != expected)
            throw new VipsException($"the decoder sees {loaded.Size}, the header says {expected}");
        using var resized = VipsResize.To(loaded, working);
        return resized.ToMemory(cancellationToken);
    }

    private static Rendered Render(VipsImage picture, PixelSize full, RenditionSet set, CancellationToken cancellationToken)
    {
        using var ladder = new Ladder(picture);
        var made = new Dictionary<string, Rendition>();
        foreach (var spec in set.Specs.OrderBy(spec => spec.Fit).ThenByDescending(spec => spec.Side))
        {
            cancellationToken.ThrowIfCancellationRequested();
            var size = spec.SizeFor(full);
            if (spec.Fit == RenditionFit.SmartSquare)
            {
                using var square = VipsResize.SmartSquare(ladder.SmallestWithShortSide(size.ShortSide), size.ShortSide);
                made[spec.Name] = Encode(square, spec.Name, set);
            }
            else if (made.Values.FirstOrDefault(rendition => new PixelSize(rendition.Width, rendition.Height) == size) is { } same)
                made[spec.Name] = same with { Name = spec.Name };
            else
                made[spec.Name] = Encode(ladder.StepDownTo(size), spec.Name, set);
        }
        cancellationToken.ThrowIfCancellationRequested();
        return new Rendered(full.Width, full.Height, Placeholder(ladder.Smallest), [.. set.Specs.Select(spec => made[spec.Name])]);
    }

    private static Rendition Encode(VipsImage image, string name, RenditionSet set)
    {
        var bytes = VipsOperation.Buffer("webpsave_buffer", WithoutMetadata, ("in", image), ("Q", set.Quality), ("effort", set.Effort));
        return new(name, image.Size.Width, image.Size.Height, RenditionSet.ContentType, bytes, Convert.ToHexStringLower(SHA256.HashData(bytes)));
    }

    private static byte[] WithoutMetadata(ReadOnlySpan<byte> file)
    {
        var stripped = new byte[ImageStripper.MaxLength(file.Length)];
        if (ImageStripper.Strip(file, ImageType.WebP, stripped, keepColourProfile: false, out var length) is { } broken)
            throw new VipsException($"webpsave_buffer wrote something else than WebP: {broken.Sentence}");
        return stripped[..length];
    }

    private static string Placeholder(VipsImage picture)
    {
        const int Side = 32;
        using var small = VipsResize.To(picture, picture.Size.FitLongSide(Side));
        using var opaque = VipsColours.OnWhite(small);
        var (x, y) = picture.Size.Height > picture.Size.Width ? (3, 4) : (4, 3);
        return BlurHash.Encode(opaque.ToPixels(), opaque.Size, x, y);
    }

    /// <summary>The pictures made so far, each smaller than the one before: what the next one is made from.</summary>
    private sealed class Ladder(VipsImage top) : IDisposable
    {
        private readonly List<VipsImage> _below = [];

        internal VipsImage Smallest => _below.Count > 0 ? _below[^1] : top;

        internal VipsImage StepDownTo(PixelSize size)
        {
            if (Smallest.Size == size)
                return Smallest;
            using var resized = VipsResize.To(Smallest, size);
            _below.Add(resized.ToMemory());
            return Smallest;
        }

        internal VipsImage SmallestWithShortSide(int side) => _below.LastOrDefault(image => image.Size.ShortSide >= side) ?? top;

        public void Dispose() => _below.ForEach(image => image.Dispose());
    }
}
