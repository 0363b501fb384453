namespace PhotoPlatform.Testing;

/// <summary>A local S3 server (s3rver of the npm registry) with one empty bucket.</summary>
public sealed class S3Server : IAsyncDisposable
{
    private const string BucketName = "photoplatform";

    /// <summary>The account that s3rver knows.</summary>
    private const string Account = "S3RVER";
    private readonly string _folder;
    private readonly NodeProgram _program;

    private S3Server(string folder, NodeProgram program, string endpoint) => (_folder, _program, Endpoint) = (folder, program, endpoint);

    /// <summary>Its address.</summary>
    public string Endpoint { get; }

    /// <summary>The settings of a service whose storage is this bucket.</summary>
    public Dictionary<string, string?> Settings => new()
    {
        ["Storage:Kind"] = "s3",
        ["Storage:S3:Endpoint"] = Endpoint,
        ["Storage:S3:Bucket"] = BucketName,
        ["Storage:S3:AccessKey"] = Account,
        ["Storage:S3:SecretKey"] = Account,
    };

    /// <summary>Starts one on a free port.</summary>
    public static async Task<S3Server> StartAsync()
    {
        const string Said = "listening on ";
        var folder = Directory.CreateTempSubdirectory("photoplatform-s3-").FullName;
        var program = NodeProgram.Start(Path.Combine(NodeProgram.Folder, "s3-server.mjs"), folder, BucketName);
        while (await program.ReadLineAsync() is { } line)
        {
            if (line.StartsWith(Said, StringComparison.Ordinal))
                return new S3Server(folder, program, line[Said.Length..]);
        }
        throw new InvalidOperationException($"The S3 server did not start: {await program.FinishAsync()}");
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _program.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }
}
