using PhotoPlatform.Imaging.Formats;

namespace PhotoPlatform.Imaging.Tests;

public sealed class RenditionSetTests
{
    private static readonly RenditionSet Set = RenditionSet.Default;

    [Theory]
    // picture, thumb, small, medium, large
    [InlineData("4000x3000", "256x256", "640x480", "1280x960", "2048x1536")]
    [InlineData("3000x4000", "256x256", "480x640", "960x1280", "1536x2048")]
    [InlineData("1800x1200", "256x256", "640x427", "1280x853", "1800x1200")]
    [InlineData("300x200", "200x200", "300x200", "300x200", "300x200")]
    [InlineData("1x1", "1x1", "1x1", "1x1", "1x1")]
    [InlineData("16384x10", "10x10", "640x1", "1280x1", "2048x1")]
    public void Renditions_keep_the_proportions_and_are_never_enlarged(string picture, params string[] renditions) =>
        Assert.Equal(renditions, Set.Specs.Select(spec => spec.SizeFor(Size(picture)).ToString()));

    [Theory]
    [InlineData("4000x3000", "2048x1536")]
    [InlineData("1800x1200", "1800x1200")]
    [InlineData("8000x400", "5120x256")]
    [InlineData("16384x100", "16384x100")]
    public void The_working_size_is_the_least_that_covers_every_rendition(string picture, string working) =>
        Assert.Equal(Size(working), Set.WorkingSize(Size(picture)));

    [Theory]
    [InlineData("2047x1000", 1)]
    [InlineData("4095x3000", 1)]
    [InlineData("4096x3072", 2)]
    [InlineData("8192x6144", 4)]
    [InlineData("16384x3000", 8)]
    [InlineData("16384x200", 1)]
    public void A_jpeg_shrinks_while_decoding_as_far_as_the_working_size_allows(string picture, int shrink) =>
        Assert.Equal(shrink, RenditionSet.JpegShrink(Size(picture), Set.WorkingSize(Size(picture))));

    [Fact]
    public void Sizes_of_a_turned_picture_are_the_turned_sizes()
    {
        var random = new Random(1);
        for (var i = 0; i < 10_000; i++)
        {
            var size = new PixelSize(random.Next(1, 16_385), random.Next(1, 16_385));
            Assert.Equal(Set.WorkingSize(size).Transpose(), Set.WorkingSize(size.Transpose()));
            foreach (var spec in Set.Specs)
            {
                Assert.Equal(spec.SizeFor(size).Transpose(), spec.SizeFor(size.Transpose()));
                Assert.True(Set.WorkingSize(size).Covers(spec.SizeFor(size)), $"{size} {spec}");
            }
        }
    }

    [Fact]
    public void The_recipe_hash_is_stable_because_it_is_part_of_blob_names() => Assert.Equal(
        "renditions/0197a000-0000-8000-8000-000000000001/3/cf0cc4acc13f-thumb.webp",
        Set.BlobName(Guid.Parse("0197a000-0000-8000-8000-000000000001"), 3, "thumb"));

    [Fact]
    public void Every_number_of_the_set_is_in_the_recipe_hash()
    {
        RenditionSet[] sets =
        [
            Set, Set with { Quality = 81 }, Set with { Effort = 3 }, Set with { Specs = [.. Set.Specs.Take(3)] },
            Set with { Specs = [.. Set.Specs.Skip(1).Prepend(Set.Specs[0] with { Side = 255 })] },
            Set with { Specs = [.. Set.Specs.Skip(1).Prepend(Set.Specs[0] with { Fit = RenditionFit.LongSide })] },
        ];
        Assert.Equal(sets.Length, sets.Select(set => set.RecipeHash).Distinct().Count());
        Assert.Equal(Set.RecipeHash, (Set with { Specs = [.. Set.Specs] }).RecipeHash);
    }

    private static PixelSize Size(string text) => text.Split('x') is [var width, var height]
        ? new(int.Parse(width, null), int.Parse(height, null))
        : throw new FormatException(text);

}
