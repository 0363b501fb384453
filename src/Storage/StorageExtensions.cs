using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace PhotoPlatform.Storage;

/// <summary>Wires the storage.</summary>
public static class StorageExtensions
{
    /// <summary>Adds the <see cref="IBlobStore"/> that the configuration names: files below <c>Storage:Path</c>.</summary>
    /// <exception cref="InvalidOperationException">The configuration names none.</exception>
    public static void AddStorage(this IHostApplicationBuilder builder) => builder.Services.AddSingleton(BlobStores.Files(
        builder.Configuration["Storage:Path"] ?? throw new InvalidOperationException("The setting 'Storage:Path' is missing: the folder for the platform's blobs.")));
}

/// <summary>The kinds of storage.</summary>
public static class BlobStores
{
    /// <summary>Files below a folder, which is created when missing.</summary>
    public static IBlobStore Files(string root) => new FileBlobStore(root);
}
