using System.Text;
using PhotoPlatform.Imaging.Formats;
using PhotoPlatform.TestImages;

namespace PhotoPlatform.Imaging.Tests;

public sealed class ImageStripperTests
{
    public static TheoryData<string> Files => [.. Samples.Names];

    [Theory, MemberData(nameof(Files))]
    public void Stripping_twice_gives_the_same_bytes_as_once(string name)
    {
        var once = Strip(name);
        Assert.Equal(once, Samples.Strip(once, Samples.Header(name).Type, keepColourProfile: true));
    }

    [Theory, MemberData(nameof(Files))]
    public void What_stands_behind_the_picture_stays_behind(string name)
    {
        byte[] polyglot = [.. Samples.File(name), .. "<script>alert(1)</script>PK\x03\x04"u8];
        Assert.Equal(Strip(name), Samples.Strip(polyglot, Samples.Header(name).Type, keepColourProfile: true));
    }

    [Theory, MemberData(nameof(Files))]
    public void A_file_cut_anywhere_behind_its_header_is_no_complete_picture(string name)
    {
        var whole = Samples.File(name);
        var type = Samples.Header(name).Type;
        // A GIF is complete with its first frame; its stripped form has one byte more than that, the trailer.
        var needed = type == ImageType.Gif ? Strip(name).Length - 1 : whole.Length;
        var destination = new byte[ImageStripper.MaxLength(whole.Length)];
        for (var length = 1; length < needed; length += 7)
        {
            var file = whole.AsSpan(0, length);
            if (ImageHeader.Inspect(file).Status == HeaderStatus.Ok)
                Assert.Equal(Rejection.Truncated, ImageStripper.Strip(file, type, destination, keepColourProfile: true, out _));
        }
    }

    [Theory]
    [InlineData("jpeg-camera")]
    [InlineData("png-camera")]
    [InlineData("webp-camera")]
    public void Metadata_stay_behind_and_the_rest_is_byte_for_byte_the_plain_file(string name)
    {
        var camera = Samples.File(name);
        var stripped = Strip(name);
        Assert.Contains("secret-xmp-caption", Encoding.Latin1.GetString(camera), StringComparison.Ordinal);
        Assert.Equal(Strip(name.Replace("-camera", "", StringComparison.Ordinal)), stripped);
        foreach (var secret in CameraFile.Secrets)
            Assert.DoesNotContain(secret, Encoding.Latin1.GetString(stripped), StringComparison.Ordinal);
    }

    [Fact]
    public void A_colour_profile_stays_only_when_asked_for()
    {
        var jpeg = Samples.Photo.ToJpegIn("p3", tagged: true);
        Assert.Contains("ICC_PROFILE", Encoding.Latin1.GetString(Samples.Strip(jpeg, ImageType.Jpeg, keepColourProfile: true)), StringComparison.Ordinal);
        Assert.DoesNotContain("ICC_PROFILE", Encoding.Latin1.GetString(Samples.Strip(jpeg, ImageType.Jpeg, keepColourProfile: false)), StringComparison.Ordinal);
    }

    [Fact]
    public void Compressed_text_and_oversized_profiles_of_a_png_stay_behind()
    {
        var png = Samples.File("png");
        var bomb = PngChunks.Insert(HostileFiles.PngTextBomb(png, chunks: 2), ("iCCP", new byte[PngFile.MaxProfileBytes + 1]), ("tRNS", new byte[257]));
        Assert.Equal(Strip("png"), Samples.Strip(bomb, ImageType.Png, keepColourProfile: true));
    }

    [Fact]
    public void A_critical_chunk_that_png_does_not_know_or_an_oversized_palette_makes_the_file_corrupt()
    {
        foreach (var chunk in ((string, byte[])[])[("QQQQ", []), ("PLTE", new byte[769])])
        {
            var png = PngChunks.Insert(Samples.File("png"), chunk);
            Assert.Equal("corrupt", ImageStripper.Strip(png, ImageType.Png, new byte[png.Length + 1], true, out _)?.Code);
        }
    }

    [Fact]
    public void Of_an_animated_webp_one_frame_is_left()
    {
        Assert.Equal(2, WebPChunks.List(Samples.File("webp-animated")).Count(type => type == "ANMF"));
        Assert.Equal(["VP8X", "ANIM", "ANMF"], WebPChunks.List(Strip("webp-animated")));
    }

    [Theory]
    [InlineData("webp", "VP8 ")]
    [InlineData("webp-camera", "VP8 ")]
    [InlineData("webp-lossless", "VP8L")]
    [InlineData("webp-alpha", "VP8X", "ALPH", "VP8 ")]
    public void A_webp_keeps_its_extended_header_only_where_it_needs_it(string name, params string[] chunks) =>
        Assert.Equal(chunks, WebPChunks.List(Samples.Strip(Samples.File(name), ImageType.WebP, keepColourProfile: false)));

    [Theory]
    [InlineData("jpeg-camera")]
    [InlineData("png-camera")]
    [InlineData("webp-camera")]
    public void The_orientation_is_read_from_exif(string name) =>
        Assert.Equal(ExifOrientation.RightTop, ExifOrientations.Read(Samples.Header(name).Type, Samples.File(name)));

    [Theory]
    [InlineData("4D4D002A 00000008 0001 0112 0003 00000001 00060000", 6)]
    [InlineData("49492A00 08000000 0100 1201 0300 01000000 08000000", 8)]
    [InlineData("49492A00 08000000 0100 1201 0300 01000000 09000000", 1)]
    [InlineData("49492A00 08000000 0100 1201 0400 01000000 06000000", 1)]
    [InlineData("49492A00 08000000 FFFF 1301 0300 01000000 06000000", 1)]
    [InlineData("49492A00 FFFFFFFF 0100 1201 0300 01000000 06000000", 1)]
    [InlineData("49492A00", 1)]
    [InlineData("58582A00 08000000 0100 1201 0300 01000000 06000000", 1)]
    public void An_orientation_that_makes_no_sense_is_upright(string tiff, int orientation)
    {
        byte[] exif = [.. "Exif\0\0"u8, .. Convert.FromHexString(tiff.Replace(" ", "", StringComparison.Ordinal))];
        var jpeg = CameraFile.WithSegments(Samples.File("jpeg"), (0xE1, exif));
        Assert.Equal((ExifOrientation)orientation, ExifOrientations.Read(ImageType.Jpeg, jpeg));
    }

    private static byte[] Strip(string name) => Samples.Strip(Samples.File(name), Samples.Header(name).Type, keepColourProfile: true);
}
