using PhotoPlatform.Imaging.Formats;
using PhotoPlatform.TestImages;

namespace PhotoPlatform.Imaging.Tests;

public sealed class ImageHeaderTests
{
    public static TheoryData<string> Files => [.. Samples.Names];

    [Theory, MemberData(nameof(Files))]
    public void A_real_file_shows_its_header(string name) =>
        Assert.Equal(Samples.Header(name), Ok(Samples.File(name)));

    [Theory, MemberData(nameof(Files))]
    public void Every_prefix_needs_more_data_until_the_header_is_there_and_then_never_changes_its_mind(string name)
    {
        var file = Samples.File(name);
        var complete = false;
        for (var length = 0; length <= file.Length; length++)
        {
            var inspection = ImageHeader.Inspect(file.AsSpan(0, length));
            Assert.Equal(complete || inspection.Status == HeaderStatus.Ok ? HeaderStatus.Ok : HeaderStatus.NeedMoreData, inspection.Status);
            complete = inspection.Status == HeaderStatus.Ok;
            if (complete)
                Assert.Equal(Samples.Header(name), inspection.Header);
        }
        Assert.True(complete);
    }

    [Theory, MemberData(nameof(Files))]
    public void A_whole_file_that_ends_within_its_header_is_truncated(string name)
    {
        var inspection = ImageHeader.Inspect(Samples.File(name).AsSpan(0, 16), endOfFile: true);
        Assert.Equal(HeaderInspection.Malformed(Rejection.Truncated), inspection);
    }

    [Theory, MemberData(nameof(Files))]
    public void Inspecting_stripping_and_reading_the_orientation_allocate_nothing(string name)
    {
        var file = Samples.File(name);
        var destination = new byte[ImageStripper.MaxLength(file.Length)];
        Inspect();
        var before = GC.GetAllocatedBytesForCurrentThread();
        Inspect();
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);

        void Inspect()
        {
            var type = ImageHeader.Inspect(file).Header.Type;
            ImageStripper.Strip(file, type, destination, keepColourProfile: true, out _);
            ExifOrientations.Read(type, file);
        }
    }

    [Fact]
    public void Files_of_other_types_are_unsupported_from_their_first_bytes()
    {
        foreach (var file in (byte[][])[HostileFiles.Text, HostileFiles.Svg, HostileFiles.Pdf, "II*\0"u8.ToArray(), "BM"u8.ToArray(),
            [0x1F, 0x8B], "RIFF\x10\0\0\0AVI "u8.ToArray(), "GIF88a"u8.ToArray(), "P6 1 1 255\n"u8.ToArray()])
        {
            Assert.Equal(HeaderInspection.Unsupported(Rejection.UnsupportedType), ImageHeader.Inspect(file));
            Assert.Equal(HeaderInspection.Unsupported(Rejection.UnsupportedType), ImageHeader.Inspect(file, endOfFile: true));
        }
    }

    [Fact]
    public void An_upload_of_no_byte_or_one_is_unsupported_once_it_has_ended()
    {
        foreach (var file in (byte[][])[HostileFiles.Empty, HostileFiles.OneByte])
        {
            Assert.Equal(HeaderStatus.NeedMoreData, ImageHeader.Inspect(file).Status);
            Assert.Equal(HeaderStatus.Unsupported, ImageHeader.Inspect(file, endOfFile: true).Status);
        }
    }

    [Fact]
    public void A_jpeg_with_a_frame_behind_large_segments_needs_more_data_until_it_comes()
    {
        var jpeg = CameraFile.WithSegments(Samples.File("jpeg"), [.. Enumerable.Repeat(((byte)0xE2, new byte[65_000]), 10)]);
        Assert.Equal(HeaderStatus.NeedMoreData, ImageHeader.Inspect(jpeg.AsSpan(0, 64 * 1024)).Status);
        Assert.Equal(HeaderStatus.NeedMoreData, ImageHeader.Inspect(jpeg.AsSpan(0, 640 * 1000)).Status);
        Assert.Equal(Samples.Header("jpeg"), Ok(jpeg));
    }

    [Fact]
    public void Fill_bytes_stray_bytes_empty_segments_and_restart_markers_before_a_jpeg_frame_are_passed_over()
    {
        var jpeg = Samples.File("jpeg");
        byte[] odd = [.. jpeg[..2], 0xFF, 0xFF, 0xFF, 0xFE, 0x00, 0x02, 0x12, 0x34, 0xFF, 0x00, 0xFF, 0xD3, 0xFF, 0x01, 0xFF, 0xFF, .. jpeg[2..]];
        Assert.Equal(Samples.Header("jpeg"), Ok(odd));
    }

    [Theory]
    [InlineData("FFD8 FFE0 0000", "corrupt")]
    [InlineData("FFD8 FFE0 0001", "corrupt")]
    [InlineData("FFD8 FFD9", "corrupt")]
    [InlineData("FFD8 FFD8", "corrupt")]
    [InlineData("FFD8 FFDA 0008 01 0100 003F00", "corrupt")]
    [InlineData("FFD8 FFC0 000B 08 0000 0010 01 011100", "corrupt")]
    [InlineData("FFD8 FFC0 000B 08 0010 0000 01 011100", "corrupt")]
    [InlineData("FFD8 FFC0 000B 08 0010 0010 02 011100", "corrupt")]
    [InlineData("FFD8 FFC0 000E 08 0010 0010 02 011100 021100", "corrupt")]
    [InlineData("FFD8 FFC0 0007 08 0010 0010", "corrupt")]
    [InlineData("FFD8 FFC0 000B 0C 0010 0010 01 011100", "unsupported-type")]
    [InlineData("FFD8 FFC3 000B 08 0010 0010 01 011100", "unsupported-type")]
    [InlineData("FFD8 FFC9 000B 08 0010 0010 01 011100", "unsupported-type")]
    public void A_broken_or_exotic_jpeg_header_is_refused(string hex, string code)
    {
        var inspection = ImageHeader.Inspect(Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal)));
        Assert.Equal(code, inspection.Rejection?.Code);
        Assert.Equal(code == "corrupt" ? HeaderStatus.Malformed : HeaderStatus.Unsupported, inspection.Status);
    }

    [Theory]
    [InlineData(8, 0x80)] // the length of IHDR
    [InlineData(12, (byte)'J')]
    [InlineData(16, 0x80)] // width over 2^31 - 1
    [InlineData(24, 3)] // bit depth
    [InlineData(25, 1)] // colour type
    [InlineData(26, 1)] // compression
    [InlineData(27, 1)] // filter
    [InlineData(28, 2)] // interlace
    public void A_png_header_with_a_value_that_the_standard_does_not_allow_is_malformed(int at, byte value)
    {
        var png = (byte[])Samples.File("png").Clone();
        png[at] = value;
        Assert.Equal(HeaderStatus.Malformed, ImageHeader.Inspect(png).Status);
    }

    [Fact]
    public void A_png_of_no_width_is_malformed() => Assert.Equal(
        HeaderStatus.Malformed,
        ImageHeader.Inspect([.. Samples.File("png")[..8], .. PngChunks.Header(0, 5, 8, 2)]).Status);

    [Fact]
    public void An_extended_webp_shows_24_bit_sides() => Assert.Equal(
        (16_777_216, 65_537),
        Sides(ImageHeader.Inspect([.. "RIFF\0\0\0\0WEBPVP8X\x0A\0\0\0"u8, 0, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0, 0, 1]).Header));

    [Fact]
    public void A_webp_that_begins_with_another_chunk_or_a_broken_picture_is_malformed()
    {
        foreach (var chunk in (byte[][])["EXIF\0\0\0\0"u8.ToArray(), [.. "VP8 "u8, 10, 0, 0, 0, 1, 0, 0, 0x9D, 1, 0x2A, 9, 0, 9, 0],
            [.. "VP8 "u8, 10, 0, 0, 0, 0, 0, 0, 0x9D, 1, 0x2B, 9, 0, 9, 0], [.. "VP8L"u8, 5, 0, 0, 0, 0x2E, 0, 0, 0, 0], [.. "VP8L"u8, 5, 0, 0, 0, 0x2F, 0, 0, 0, 0xE0]])
            Assert.Equal(HeaderStatus.Malformed, ImageHeader.Inspect([.. "RIFF\0\0\0\0WEBP"u8, .. chunk]).Status);
    }

    [Fact]
    public void A_gif_frame_that_reaches_beyond_its_screen_counts()
    {
        byte[] gif = [.. "GIF89a"u8, 1, 0, 1, 0, 0, 0, 0, 0x2C, 0x10, 0x27, 0, 0, 0x10, 0x27, 9, 0, 0];
        Assert.Equal((20_000, 9), Sides(Ok(gif)));
    }

    [Fact]
    public void A_gif_without_a_frame_or_with_an_unknown_block_is_malformed()
    {
        foreach (var blocks in (byte[][])[[0x3B], [0x21, 0xFE, 1, 7, 0, 0x3B], [0x77], [0x2C, 0, 0, 0, 0, 0, 0, 9, 0, 0]])
            Assert.Equal(HeaderStatus.Malformed, ImageHeader.Inspect([.. "GIF89a"u8, 9, 0, 9, 0, 0, 0, 0, .. blocks]).Status);
    }

    [Theory]
    [InlineData("image/jpeg", ImageType.Jpeg)]
    [InlineData("IMAGE/JPG; q=1", ImageType.Jpeg)]
    [InlineData("image/png", ImageType.Png)]
    [InlineData(" image/webp ;a=b", ImageType.WebP)]
    [InlineData("image/gif", ImageType.Gif)]
    [InlineData("image/svg+xml", null)]
    [InlineData("", null)]
    [InlineData(null, null)]
    public void A_content_type_names_a_type(string? contentType, ImageType? type) =>
        Assert.Equal(type, ImageTypes.FromContentType(contentType));

    [Fact]
    public void Ten_thousand_corrupted_headers_get_a_declared_answer() => InspectCorrupted(10_000);

    [Fact, Trait("Tier", "long")]
    public void A_million_corrupted_headers_get_a_declared_answer() => InspectCorrupted(1_000_000);

    private static void InspectCorrupted(int count)
    {
        var files = Samples.Names.Select(Samples.File).ToArray();
        var destination = new byte[files.Max(file => file.Length) * 2];
        var seen = new HashSet<HeaderStatus>();
        for (var seed = 0; seed < count; seed++)
        {
            var file = Samples.Mutate(files[seed % files.Length], seed);
            var inspection = ImageHeader.Inspect(file, endOfFile: seed % 2 == 0);
            seen.Add(inspection.Status);
            Assert.Equal(inspection.Status is HeaderStatus.Malformed or HeaderStatus.Unsupported, inspection.Rejection is not null);
            if (inspection.Status != HeaderStatus.Ok)
                continue;
            Assert.True(inspection.Header is { Width: > 0, Height: > 0 }, $"seed {seed}");
            var rejection = ImageStripper.Strip(file, inspection.Header.Type, destination, keepColourProfile: seed % 3 == 0, out var written);
            Assert.True(Enum.IsDefined(ExifOrientations.Read(inspection.Header.Type, file)), $"seed {seed}");
            if (rejection is not null)
                Assert.Contains(rejection.Code, (string[])[Rejection.CorruptCode, Rejection.TruncatedCode, Rejection.UnsupportedTypeCode]);
            else
                // What goes on to the decoder says the same as what was checked.
                Assert.Equal(inspection.Header with { Animated = false }, Ok(destination.AsSpan(0, written)) with { Animated = false });
        }
        Assert.Equal(Enum.GetValues<HeaderStatus>().Length, seen.Count);
    }

    private static ImageHeader Ok(ReadOnlySpan<byte> file)
    {
        var inspection = ImageHeader.Inspect(file);
        Assert.Equal(HeaderStatus.Ok, inspection.Status);
        return inspection.Header;
    }

    private static (int, int) Sides(ImageHeader header) => (header.Width, header.Height);
}
