using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using PhotoPlatform.Imaging.Formats;
using PhotoPlatform.Imaging.Vips;
using PhotoPlatform.Testing;
using PhotoPlatform.TestImages;

namespace PhotoPlatform.Imaging.Tests;

public sealed partial class VipsPhotoRendererTests
{
    private readonly VipsPhotoRenderer _renderer = new(ImageLimits.Default);

    [Theory]
    [InlineData(1), InlineData(2), InlineData(3), InlineData(4), InlineData(5), InlineData(6), InlineData(7), InlineData(8)]
    public async Task A_photo_held_any_way_stands_upright_in_every_rendition(int orientation)
    {
        var upright = Picture.Quadrants(900, 600);
        var file = CameraFile.WithMetadata(upright.StoredAs((ExifOrientation)orientation).ToJpeg(), orientation);
        var rendered = await Render(file);
        Assert.Equal((900, 600), (rendered.Width, rendered.Height));
        foreach (var rendition in rendered.Renditions)
        {
            var size = new PixelSize(rendition.Width, rendition.Height);
            var expected = rendition.Name == "thumb" ? null : Picture.Quadrants(size.Width, size.Height);
            var actual = Picture.FromWebP(rendition.Bytes.Span);
            Assert.Equal(size, actual.Size);
            if (expected is not null)
                Assert.InRange(actual.MeanDifference(expected), 0, 3);
            Assert.InRange(Distance(actual.At(size.Width / 8, size.Height / 8), upright.At(0, 0)), 0, 20);
            Assert.InRange(Distance(actual.At(size.Width * 7 / 8, size.Height / 8), upright.At(899, 0)), 0, 20);
            Assert.InRange(Distance(actual.At(size.Width / 8, size.Height * 7 / 8), upright.At(0, 599)), 0, 20);
            Assert.InRange(Distance(actual.At(size.Width * 7 / 8, size.Height * 7 / 8), upright.At(899, 599)), 0, 20);
        }
    }

    [Theory]
    [InlineData(0), InlineData(9), InlineData(65_535)]
    public async Task An_orientation_that_does_not_exist_is_upright_as_stored(int orientation)
    {
        var plain = Samples.Photo.ToJpeg();
        Assert.Equal(Hashes(await Render(plain)), Hashes(await Render(CameraFile.WithMetadata(plain, orientation))));
    }

    [Fact]
    public async Task Png_and_webp_are_turned_by_their_exif_too()
    {
        var upright = Picture.Quadrants(300, 200);
        var stored = upright.StoredAs(ExifOrientation.RightTop);
        foreach (var file in (byte[][])[
            CameraFile.WithPngMetadata(stored.ToPng(), 6),
            CameraFile.WithWebPMetadata(Samples.Bare(stored.ToWebP()), stored.Size, 6)])
        {
            var large = Large(await Render(file));
            Assert.InRange(large.MeanDifference(upright), 0, 3);
        }
    }

    [Theory]
    [InlineData("jpeg-camera"), InlineData("png-camera"), InlineData("webp-camera"), InlineData("jpeg-cmyk")]
    public async Task Renditions_have_no_metadata(string name)
    {
        foreach (var rendition in (await Render(Samples.File(name))).Renditions)
        {
            Assert.Empty(WebPChunks.Metadata(rendition.Bytes.Span));
            var text = Encoding.Latin1.GetString(rendition.Bytes.Span);
            Assert.All(CameraFile.Secrets, secret => Assert.DoesNotContain(secret, text, StringComparison.Ordinal));
        }
    }

    [Theory]
    [InlineData(2600, 1300, "256x256", "640x320", "1280x640", "2048x1024")]
    [InlineData(1300, 2600, "256x256", "320x640", "640x1280", "1024x2048")]
    [InlineData(700, 500, "256x256", "640x457", "700x500", "700x500")]
    [InlineData(300, 200, "200x200", "300x200", "300x200", "300x200")]
    [InlineData(3000, 30, "30x30", "640x6", "1280x13", "2048x20")]
    [InlineData(1, 1, "1x1", "1x1", "1x1", "1x1")]
    public async Task Renditions_have_the_sizes_of_the_set_and_are_never_enlarged(int width, int height, params string[] sizes)
    {
        foreach (var file in (byte[][])[Picture.Solid(width, height, 90, 120, 60).ToJpeg(), Picture.Solid(width, height, 90, 120, 60).ToPng()])
        {
            var rendered = await Render(file);
            Assert.Equal((width, height), (rendered.Width, rendered.Height));
            Assert.Equal(["thumb", "small", "medium", "large"], rendered.Renditions.Select(rendition => rendition.Name));
            Assert.Equal(sizes, rendered.Renditions.Select(rendition => $"{rendition.Width}x{rendition.Height}"));
            foreach (var rendition in rendered.Renditions)
                Assert.Equal($"{rendition.Width}x{rendition.Height}", Picture.FromWebP(rendition.Bytes.Span).Size.ToString());
        }
    }

    [Fact]
    public async Task Renditions_look_like_the_photo()
    {
        var photo = Picture.Photo(1600, 1200);
        foreach (var file in (byte[][])[photo.ToJpeg(95), photo.ToJpeg(95, progressive: true), photo.ToPng(), photo.ToPng(interlaced: true), photo.ToWebP(lossless: true)])
            Assert.InRange(Large(await Render(file)).MeanDifference(photo), 0, 5);
    }

    [Fact]
    public async Task A_jpeg_that_is_shrunk_while_decoding_looks_like_one_that_is_not()
    {
        var photo = Picture.Photo(4200, 1400);
        Assert.InRange(Large(await Render(photo.ToJpeg(95))).MeanDifference(Large(await Render(photo.ToPng()))), 0, 3);
    }

    [Fact]
    public async Task Alpha_is_kept_and_colours_of_transparent_pixels_do_not_bleed()
    {
        // Opaque green beside transparent red, in stripes that every rendition must blend.
        var stripes = Picture.Paint(1500, 1000, (x, _) => x % 2 == 0 ? [20, 200, 20, 255] : [255, 0, 0, 0]);
        foreach (var file in (byte[][])[stripes.ToPng(), stripes.ToWebP(lossless: true)])
        {
            var small = (await Render(file)).Renditions.Single(rendition => rendition.Name == "small");
            Assert.Equal(["VP8X", "ALPH", "VP8 "], WebPChunks.List(small.Bytes.Span));
            var middle = Picture.FromWebP(small.Bytes.Span).At(320, 213);
            Assert.InRange(middle[0], 0, 60);
            Assert.InRange(middle[1], 170, 230);
            Assert.InRange(middle[3], 108, 148);
        }
    }

    [Theory]
    [InlineData("p3", true, 3)]
    [InlineData("cmyk", true, 5)]
    [InlineData("cmyk", false, 5)]
    public async Task Colours_of_other_models_come_out_as_srgb(string profile, bool tagged, double tolerance)
    {
        // Colours that all of these models have.
        var photo = Picture.Paint(400, 300, (x, y) => [(byte)(60 + x / 4), (byte)(80 + y / 3), (byte)(150 - x / 5)]);
        Assert.InRange(Large(await Render(photo.ToJpegIn(profile, tagged))).MeanDifference(photo), 0, tolerance);
    }

    [Fact]
    public async Task Sixteen_bits_palette_and_grey_come_out_right()
    {
        var photo = Picture.Paint(400, 300, (x, y) => [(byte)(60 + x / 4), (byte)(80 + y / 3), (byte)(150 - x / 5)]);
        var grey = Picture.Paint(400, 300, (x, y) => [.. Enumerable.Repeat((byte)(60 + x / 4), 3)]);
        Assert.InRange(Large(await Render(photo.ToPng16())).MeanDifference(photo), 0, 3);
        Assert.InRange(Large(await Render(photo.ToPalettePng())).MeanDifference(photo), 0, 4);
        Assert.InRange(Large(await Render(grey.ToGreyJpeg())).MeanDifference(grey), 0, 3);
    }

    [Fact]
    public async Task A_colour_profile_that_is_broken_or_for_another_model_is_ignored()
    {
        var plain = Samples.Photo.ToJpeg();
        var expected = Hashes(await Render(plain));
        byte[] head = [.. "ICC_PROFILE\0"u8, 1, 1];
        Assert.Equal(expected, Hashes(await Render(CameraFile.WithSegments(plain, (0xE2, [.. head, .. new byte[500]])))));
        var cmyk = Samples.Strip(Samples.File("jpeg-cmyk"), ImageType.Jpeg, keepColourProfile: true);
        Assert.True(cmyk.AsSpan().IndexOf("prtrCMYK"u8) > 0);
        var start = cmyk.AsSpan().IndexOf("ICC_PROFILE\0"u8);
        byte[] profile = cmyk[start..(start + 60_000)];
        Assert.Equal(expected, Hashes(await Render(CameraFile.WithSegments(plain, (0xE2, profile)))));
    }

    [Theory]
    [InlineData("gif-animated"), InlineData("webp-animated")]
    public async Task Of_an_animation_the_first_frame_counts(string name) =>
        Assert.InRange(Large(await Render(Samples.File(name))).MeanDifference(Samples.Photo), 0, 12);

    [Fact]
    public async Task The_same_photo_gives_the_same_bytes_also_beside_others()
    {
        var file = Picture.Photo(800, 600).ToJpeg();
        var first = Hashes(await Render(file));
        foreach (var again in await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Render(file))))
            Assert.Equal(first, Hashes(again));
        Assert.All((await Render(file)).Renditions, rendition =>
        {
            Assert.Equal("image/webp", rendition.ContentType);
            Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(rendition.Bytes.Span)), rendition.ETag);
        });
    }

    [Fact]
    public async Task The_placeholder_is_a_blurhash_of_the_picture()
    {
        var white = (await Render(Picture.Solid(400, 300, 255, 255, 255).ToPng())).Placeholder;
        var transparent = (await Render(Picture.Solid(400, 300, 0, 0, 0, 0).ToPng())).Placeholder;
        Assert.Equal(white, transparent);
        Assert.Equal((28, 'L', "TSUA"), (white.Length, white[0], white[2..6]));
        Assert.Equal('T', (await Render(Picture.Photo(300, 400).ToJpeg())).Placeholder[0]);
    }

    [Fact]
    public async Task A_cancelled_job_stops_before_and_while_decoding()
    {
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => _renderer.RenderAsync(Samples.File("jpeg"), RenditionSet.Default, new CancellationToken(canceled: true)));

        using var picture = VipsImage.FromPixels(new byte[300 * 200 * 3], new(300, 200), bands: 3);
        using var halved = VipsResize.To(picture, new(150, 100));
        Assert.Throws<OperationCanceledException>(() => halved.ToMemory(new CancellationToken(canceled: true)));
    }

    [Fact]
    public void A_missing_library_says_what_to_install() => Assert.Equal(
        "libnothing.so.1 not found; install the Debian package nothing",
        Assert.Throws<DllNotFoundException>(() => VipsLibrary.Require("libnothing.so.1", "nothing")).Message);

    [Fact]
    public void An_operation_that_does_not_exist_or_is_called_wrongly_throws()
    {
        Assert.Contains("nosuchthing", Assert.Throws<VipsException>(() => VipsOperation.Image("nosuchthing")).Message, StringComparison.Ordinal);
        Assert.StartsWith("resize:", Assert.Throws<VipsException>(() => VipsOperation.Image("resize")).Message, StringComparison.Ordinal);
    }

    private async Task<Rendered> Render(byte[] file)
    {
        var outcome = await _renderer.RenderAsync(file, RenditionSet.Default, default);
        return outcome as Rendered ?? throw new InvalidOperationException(outcome.ToString());
    }

    private static Picture Large(Rendered rendered) => Picture.FromWebP(rendered.Renditions.Single(rendition => rendition.Name == "large").Bytes.Span);

    private static string Hashes(Rendered rendered) => string.Join(' ', rendered.Renditions.Select(rendition => rendition.ETag));

    private static int Distance(ReadOnlySpan<byte> a, ReadOnlySpan<byte> b) =>
        Math.Max(Math.Abs(a[0] - b[0]), Math.Max(Math.Abs(a[1] - b[1]), Math.Abs(a[2] - b[2])));
}

/// <summary>Runs alone: it looks at what the whole process holds.</summary>
[CollectionDefinition(DisableParallelization = true)]
public sealed class Alone;

[Collection<Alone>]
public sealed partial class VipsMemoryTests
{
    [Fact]
    public async Task Nothing_native_is_left_behind_by_renderings_and_rejections()
    {
        var renderer = new VipsPhotoRenderer(ImageLimits.Default);
        byte[][] files = [.. Samples.Names.Select(Samples.File), HostileFiles.DamagedPng(Samples.File("png"))];
        for (var round = 0; round < 2; round++)
        {
            foreach (var file in files)
                await renderer.RenderAsync(file, RenditionSet.Default, default);
            // The threads of a pipeline give back what is theirs when they end, which may be after the result.
            await Eventually.GetAsync(() => Task.FromResult(new[] { TrackedAllocations(), TrackedFiles() }), held => held is [0, 0]);
        }
    }

    [LibraryImport("libvips.so.42", EntryPoint = "vips_tracked_get_allocs")]
    private static partial int TrackedAllocations();

    [LibraryImport("libvips.so.42", EntryPoint = "vips_tracked_get_files")]
    private static partial int TrackedFiles();
}
