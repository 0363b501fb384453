using PhotoPlatform.Imaging.Formats;

namespace PhotoPlatform.Imaging.Tests;

public sealed class ImageLimitsTests
{
    [Theory]
    [InlineData(8000, 6250, false, null)]
    [InlineData(8000, 6251, false, "too-many-pixels")]
    [InlineData(5000, 5000, true, null)]
    [InlineData(5000, 5001, true, "too-many-pixels")]
    [InlineData(16_384, 1, false, null)]
    [InlineData(1, 16_385, false, "side-too-long")]
    [InlineData(int.MaxValue, int.MaxValue, false, "side-too-long")]
    public void Sides_and_areas_have_limits(int width, int height, bool progressive, string? code) =>
        Assert.Equal(code, ImageLimits.Default.Check(new(ImageType.Jpeg, width, height, 8, false, progressive))?.Code);

    [Fact]
    public void A_file_may_have_25_MB()
    {
        Assert.Null(ImageLimits.Default.CheckLength(25 * 1024 * 1024));
        Assert.Equal("too-many-bytes", ImageLimits.Default.CheckLength(25 * 1024 * 1024 + 1)?.Code);
    }

    [Fact]
    public void A_rejection_says_what_is_wrong_and_what_is_allowed()
    {
        var limits = new ImageLimits(MaxPixels: 12_500_000);
        Assert.Equal(
            "The picture has 20.0 megapixels; a picture may have at most 12.5.",
            limits.Check(new(ImageType.Jpeg, 5000, 4000, 8, false, false))?.Sentence);
    }
}
