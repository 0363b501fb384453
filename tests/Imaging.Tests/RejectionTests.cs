using System.Diagnostics;
using PhotoPlatform.Imaging.Formats;
using PhotoPlatform.TestImages;

namespace PhotoPlatform.Imaging.Tests;

public sealed class RejectionTests
{
    private static readonly Dictionary<string, (byte[] File, string Code)> Files = new()
    {
        ["empty"] = (HostileFiles.Empty, "unsupported-type"),
        ["one byte"] = (HostileFiles.OneByte, "unsupported-type"),
        ["text"] = (HostileFiles.Text, "unsupported-type"),
        ["svg"] = (HostileFiles.Svg, "unsupported-type"),
        ["pdf"] = (HostileFiles.Pdf, "unsupported-type"),
        ["truncated jpeg"] = (HostileFiles.Truncated(Samples.File("jpeg")), "truncated"),
        ["truncated progressive jpeg"] = (HostileFiles.Truncated(Samples.File("jpeg-progressive")), "truncated"),
        ["truncated png"] = (HostileFiles.Truncated(Samples.File("png")), "truncated"),
        ["truncated webp"] = (HostileFiles.Truncated(Samples.File("webp")), "truncated"),
        ["truncated gif"] = (HostileFiles.Truncated(Samples.File("gif")), "truncated"),
        ["damaged png"] = (HostileFiles.DamagedPng(Samples.File("png")), "corrupt"),
        ["jpeg without tables"] = ([.. Samples.File("jpeg")[..20], .. Samples.File("jpeg")[Frame(Samples.File("jpeg"))..]], "corrupt"),
        ["png header bomb"] = (HostileFiles.PngHeaderBomb(), "side-too-long"),
        ["jpeg that lies about its size"] = (HostileFiles.WithJpegSize(Samples.File("jpeg"), 65_500, 65_500), "side-too-long"),
        ["jpeg of 50.4 megapixels"] = (HostileFiles.WithJpegSize(Samples.File("jpeg"), 8000, 6300), "too-many-pixels"),
        ["progressive jpeg of 25.2 megapixels"] = (HostileFiles.WithJpegSize(Samples.File("jpeg-progressive"), 6000, 4200), "too-many-pixels"),
        ["over 25 MB"] = ([.. Samples.File("jpeg"), .. new byte[25 * 1024 * 1024]], "too-many-bytes"),
        ["extended webp with another canvas"] = (WithCanvas(Samples.File("webp-alpha"), 4000), "corrupt"),
    };

    public static TheoryData<string> Names => [.. Files.Keys];

    [Theory, MemberData(nameof(Names))]
    public async Task A_bad_file_is_rejected_with_its_reason(string name)
    {
        var (file, code) = Files[name];
        var outcome = await new VipsPhotoRenderer(ImageLimits.Default).RenderAsync(file, RenditionSet.Default, default);
        Assert.Equal(code, Assert.IsType<Rejected>(outcome).Reason.Code);
        Assert.NotEmpty(((Rejected)outcome).Reason.Sentence);
    }

    [Fact]
    public async Task Limits_can_be_lowered()
    {
        var renderer = new VipsPhotoRenderer(new ImageLimits(MaxPixels: Samples.Size.Width * Samples.Size.Height - 1));
        var outcome = await renderer.RenderAsync(Samples.File("png"), RenditionSet.Default, default);
        Assert.Equal("too-many-pixels", Assert.IsType<Rejected>(outcome).Reason.Code);
    }

    [Fact]
    public async Task A_gigabyte_of_compressed_text_in_a_png_costs_nothing()
    {
        var bomb = HostileFiles.PngTextBomb(Samples.File("png"));
        var watch = Stopwatch.StartNew();
        Assert.IsType<Rendered>(await new VipsPhotoRenderer(ImageLimits.Default).RenderAsync(bomb, RenditionSet.Default, default));
        // A decoder that inflates the text takes about 19 s.
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(5), $"{watch.Elapsed}");
    }

    [Fact]
    public Task A_thousand_corrupted_files_are_rendered_or_rejected() => RenderCorrupted(1000);

    [Fact, Trait("Tier", "long")]
    public Task Twenty_thousand_corrupted_files_are_rendered_or_rejected() => RenderCorrupted(20_000);

    private static async Task RenderCorrupted(int count)
    {
        // Any length of side would do; small ones make the number possible.
        var renderer = new VipsPhotoRenderer(new ImageLimits(MaxSide: 400));
        var outcomes = new HashSet<Type>();
        for (var seed = 0; seed < count; seed++)
        {
            var file = Samples.Mutate(Samples.File(Samples.Names[seed % Samples.Names.Count]), seed);
            outcomes.Add((await renderer.RenderAsync(file, RenditionSet.Default, default)).GetType());
        }
        Assert.Equal([typeof(Rejected), typeof(Rendered)], outcomes.OrderBy(type => type.Name));
    }

    private static int Frame(byte[] jpeg) => jpeg.AsSpan().IndexOf((ReadOnlySpan<byte>)[0xFF, 0xC0]);

    private static byte[] WithCanvas(byte[] extendedWebP, ushort width)
    {
        var changed = (byte[])extendedWebP.Clone();
        BitConverter.TryWriteBytes(changed.AsSpan(24), width);
        return changed;
    }
}
