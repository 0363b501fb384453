using Microsoft.Extensions.DependencyInjection;
using PhotoPlatform.Contracts;
using PhotoPlatform.Storage;
using PhotoPlatform.Testing;

namespace PhotoPlatform.PhotoProcessor.Tests;

/// <summary>PhotoProcessor on its own broker and folder, for one class of tests; the tests are its Media.</summary>
public class RunningPhotoProcessor : IAsyncLifetime
{
    private TestEnvironment? _environment;
    private RunningService? _service;
    private TestBus? _bus;

    public TestEnvironment Environment => _environment!;

    public RunningService Service => _service!;

    public TestBus Bus => _bus!;

    public IBlobStore Blobs { get; private set; } = null!;

    public Inbound<PhotoProcessed> Processed { get; private set; } = null!;

    public Inbound<PhotoRejected> Rejected { get; private set; } = null!;

    public Inbound<PhotoProcessingFailed> Failed { get; private set; } = null!;

    /// <summary>More settings than the environment's.</summary>
    protected virtual Dictionary<string, string?>? Settings => null;

    /// <summary>Other services than its own.</summary>
    protected virtual void Replace(IServiceCollection services)
    {
    }

    public virtual async ValueTask InitializeAsync()
    {
        _environment = await TestEnvironment.CreateAsync();
        _bus = await TestBus.ConnectAsync(_environment);
        Blobs = BlobStores.Files(_environment.Settings()["Storage:Path"]!);
        Processed = await _bus.ListenAsync<PhotoProcessed>();
        Rejected = await _bus.ListenAsync<PhotoRejected>();
        Failed = await _bus.ListenAsync<PhotoProcessingFailed>();
        _service = await RunningService.StartAsync("photo-processor", _environment, builder => builder.AddPhotoProcessor(), _ => { }, Settings, Replace);
    }

    public virtual async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        if (_service is not null)
            await _service.DisposeAsync();
        if (_bus is not null)
            await _bus.DisposeAsync();
        if (_environment is not null)
            await _environment.DisposeAsync();
    }

    /// <summary>Stores an original and returns the job that Media would send.</summary>
    public async Task<ProcessPhoto> UploadAsync(byte[] file)
    {
        var job = NewJob();
        await Blobs.WriteAsync(job.Source, file, default);
        return job;
    }

    /// <summary>A job whose original nobody has stored.</summary>
    public static ProcessPhoto NewJob()
    {
        var photo = PlatformId.New(TimeProvider.System, PlatformId.NewBucket());
        return new ProcessPhoto(photo, 1, $"originals/{photo:D}", "standard");
    }
}
