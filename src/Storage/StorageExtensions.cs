using System.Globalization;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace PhotoPlatform.Storage;

/// <summary>Wires the storage.</summary>
public static class StorageExtensions
{
    /// <summary>
    /// Adds the <see cref="IBlobStore"/> that the configuration names. <c>Storage:Kind</c> is <c>files</c> (default: below <c>Storage:Path</c>, with
    /// <c>Storage:ReserveBytes</c> of the disk kept free) or <c>s3</c> (<c>Storage:S3:Endpoint</c>, <c>Bucket</c>, <c>AccessKey</c>, <c>SecretKey</c>, optional <c>Region</c>).
    /// </summary>
    /// <exception cref="InvalidOperationException">A setting is missing or wrong; the message names it.</exception>
    public static void AddStorage(this IHostApplicationBuilder builder)
    {
        var configuration = builder.Configuration;
        switch (configuration["Storage:Kind"])
        {
            case null or "" or "files":
                var files = new FileBlobStore(Require(configuration, "Storage:Path", "the folder for the platform's blobs"), Reserve(configuration));
                builder.Services.AddSingleton(files);
                builder.Services.AddSingleton<IBlobStore>(files);
                builder.Services.AddHostedService<TemporaryFileSweep>();
                break;
            case "s3":
                var settings = new S3Settings(
                    Require(configuration, "Storage:S3:Endpoint", "the address of the S3 server"),
                    Require(configuration, "Storage:S3:Bucket", "the bucket for the platform's blobs, which must exist"),
                    Require(configuration, "Storage:S3:AccessKey", "who signs in to the S3 server"),
                    Require(configuration, "Storage:S3:SecretKey", "its secret"),
                    configuration["Storage:S3:Region"]);
                // Made by the container, so that it ends with it.
                builder.Services.AddSingleton(_ => BlobStores.S3(settings));
                break;
            case var kind:
                throw new InvalidOperationException($"The setting 'Storage:Kind' is '{kind}': it must be 'files' or 's3'.");
        }
    }

    private static string Require(IConfiguration configuration, string key, string what) => configuration[key] is { Length: > 0 } value
        ? value
        : throw new InvalidOperationException($"The setting '{key}' is missing: {what}.");

    private static long Reserve(IConfiguration configuration) => configuration["Storage:ReserveBytes"] switch
    {
        null or "" => BlobStores.DefaultReserve,
        var text when long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var bytes) => bytes,
        var text => throw new InvalidOperationException($"The setting 'Storage:ReserveBytes' is '{text}': it must be a number of bytes."),
    };
}

/// <summary>The kinds of storage.</summary>
public static class BlobStores
{
    /// <summary>Bytes of a disk that uploads leave free: what was accepted still has to be processed.</summary>
    public const long DefaultReserve = 256 * 1024 * 1024;

    /// <summary>Files below a folder, which is created when missing.</summary>
    /// <param name="root">The folder.</param>
    /// <param name="reserve">Bytes that <see cref="IBlobStore.EnsureSpaceAsync"/> keeps free.</param>
    public static IBlobStore Files(string root, long reserve = DefaultReserve) => new FileBlobStore(root, reserve);

    /// <summary>Objects in a bucket of S3, or of a server that speaks it. To be disposed.</summary>
    public static IBlobStore S3(S3Settings settings) => new S3BlobStore(settings);
}

/// <summary>A bucket and how to get in.</summary>
/// <param name="Endpoint">Address of the server, such as <c>http://127.0.0.1:4568</c>.</param>
/// <param name="Bucket">Its name; it must exist.</param>
/// <param name="AccessKey">Who signs in.</param>
/// <param name="SecretKey">Its secret.</param>
/// <param name="Region">The region that requests are signed for; null for <c>us-east-1</c>.</param>
public sealed record S3Settings(string Endpoint, string Bucket, string AccessKey, string SecretKey, string? Region = null);
