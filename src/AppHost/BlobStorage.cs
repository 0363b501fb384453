/// <summary>Where the services and workers keep blobs: in a folder here; in a bucket of anything that speaks S3 where the platform is deployed, for its machines share no disk.</summary>
internal sealed class BlobStorage
{
    private readonly Dictionary<string, object> _settings;

    /// <param name="builder">The application; gets the parameters <c>s3-endpoint</c>, <c>s3-bucket</c>, <c>s3-access-key</c> and <c>s3-secret-key</c> when it is published.</param>
    /// <param name="data">The folder for the platform's files.</param>
    public BlobStorage(IDistributedApplicationBuilder builder, string data) => _settings = builder.ExecutionContext.IsPublishMode
        ? new()
        {
            ["Storage__Kind"] = "s3",
            ["Storage__S3__Endpoint"] = builder.AddParameter("s3-endpoint").Resource,
            ["Storage__S3__Bucket"] = builder.AddParameter("s3-bucket").Resource,
            ["Storage__S3__AccessKey"] = builder.AddParameter("s3-access-key", secret: true).Resource,
            ["Storage__S3__SecretKey"] = builder.AddParameter("s3-secret-key", secret: true).Resource,
        }
        : new() { ["Storage__Path"] = Path.Combine(data, "blobs") };

    /// <summary>Tells a resource: for <c>WithEnvironment</c>.</summary>
    public void Tell(EnvironmentCallbackContext context)
    {
        foreach (var (name, value) in _settings)
            context.EnvironmentVariables[name] = value;
    }
}
