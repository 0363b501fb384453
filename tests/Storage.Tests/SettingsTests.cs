using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace PhotoPlatform.Storage.Tests;

public sealed class SettingsTests
{
    private static readonly Dictionary<string, string?> S3 = new()
    {
        ["Storage:Kind"] = "s3",
        ["Storage:S3:Endpoint"] = "http://127.0.0.1:1",
        ["Storage:S3:Bucket"] = "b",
        ["Storage:S3:AccessKey"] = "a",
        ["Storage:S3:SecretKey"] = "s",
    };

    [Fact]
    public async Task The_kind_of_storage_is_a_setting()
    {
        await using var files = Build(new() { ["Storage:Path"] = Path.GetTempPath() });
        Assert.IsType<FileBlobStore>(files.Services.GetRequiredService<IBlobStore>());
        await using var s3 = Build(S3);
        Assert.IsType<S3BlobStore>(s3.Services.GetRequiredService<IBlobStore>());
    }

    [Theory]
    [InlineData("Storage:S3:Endpoint")]
    [InlineData("Storage:S3:Bucket")]
    [InlineData("Storage:S3:AccessKey")]
    [InlineData("Storage:S3:SecretKey")]
    public void A_missing_setting_is_named(string key)
    {
        var error = Assert.Throws<InvalidOperationException>(() => Build(new(S3) { [key] = "" }));
        Assert.Contains($"'{key}'", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Storage:Path", "")]
    [InlineData("Storage:Kind", "azure")]
    [InlineData("Storage:ReserveBytes", "256 MB")]
    [InlineData("Storage:ReserveBytes", "-1")]
    public void A_wrong_setting_is_named(string key, string value)
    {
        var error = Assert.Throws<InvalidOperationException>(() => Build(new() { ["Storage:Path"] = Path.GetTempPath(), [key] = value }));
        Assert.Contains($"'{key}'", error.Message, StringComparison.Ordinal);
    }

    private static WebApplication Build(Dictionary<string, string?> settings)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Configuration.AddInMemoryCollection(settings);
        builder.AddStorage();
        return builder.Build();
    }
}
