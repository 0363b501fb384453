using PhotoPlatform.Imaging.Formats;
using PhotoPlatform.TestImages;

namespace PhotoPlatform.Imaging.Tests;

/// <summary>
/// The expected hashes come from the reference encoder (woltapp/blurhash, TypeScript 2.0.5), corrected in one place to what
/// the reference in C does: the largest factor is the one of largest magnitude, so that negative ones are not clipped.
/// </summary>
public sealed class BlurHashTests
{
    private static byte[] Pattern(int x, int y) => [(byte)(x * 32), (byte)(y * 40), (byte)(x * y * 5)];

    [Theory]
    [InlineData(8, 6, 4, 3, "LjF=Zx33a{xszFNMfQnQeof8fQf6")]
    [InlineData(8, 6, 1, 1, "00F=Zx")]
    [InlineData(31, 17, 3, 4, "TLFY+DOjN:xmbCa^dFe-fRvhaxa}")]
    public void A_pattern_has_the_hash_of_the_reference_encoder(int width, int height, int x, int y, string hash) =>
        Assert.Equal(hash, Encode(Picture.Paint(width, height, Pattern), x, y));

    [Theory]
    [InlineData(4, 0, 4, 3, "L00000fQfQfQfQfQfQfQfQfQfQfQ")]
    [InlineData(1, 255, 4, 4, "U~TSUA~q~q~q~q~q~q~q~q~q~q~q~q~q~q~q")]
    [InlineData(32, 255, 4, 3, "L9TSUA~qfQ~q~qoffQoffQfQfQfQ")]
    public void Black_and_white_have_the_hash_of_the_reference_encoder(int side, byte grey, int x, int y, string hash) =>
        Assert.Equal(hash, Encode(Picture.Solid(side, side, grey, grey, grey), x, y));

    [Fact]
    public void A_placeholder_has_28_characters_whatever_the_picture() =>
        Assert.All(Enumerable.Range(1, 20), seed => Assert.Equal(28, Encode(Picture.Photo(32, 20, seed), 4, 3).Length));

    [Fact]
    public void Pixels_that_do_not_fit_are_refused()
    {
        Assert.Throws<ArgumentException>(() => BlurHash.Encode(new byte[11], new(2, 2), 4, 3));
        Assert.Throws<ArgumentException>(() => BlurHash.Encode([], new(0, 0), 4, 3));
        Assert.Throws<ArgumentException>(() => BlurHash.Encode(new byte[12], new(2, 2), 10, 3));
    }

    private static string Encode(Picture picture, int x, int y) => BlurHash.Encode(picture.Pixels, picture.Size, x, y);
}
