using System.Net;
using System.Runtime.CompilerServices;
using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;

namespace PhotoPlatform.Storage;

/// <summary>Blobs as objects of one bucket. An object is visible whole or not at all, and durable when the server has answered.</summary>
internal sealed class S3BlobStore : IBlobStore, IDisposable
{
    private static readonly TimeSpan CallLimit = TimeSpan.FromSeconds(30);
    private const int MaxRetries = 3;

    /// <summary>The most that one call deletes.</summary>
    private const int DeletedAtOnce = 1000;
    private readonly AmazonS3Client _client;
    private readonly string _bucket;

    internal S3BlobStore(S3Settings settings)
    {
        _bucket = settings.Bucket;
        _client = new AmazonS3Client(new BasicAWSCredentials(settings.AccessKey, settings.SecretKey), new AmazonS3Config
        {
            ServiceURL = settings.Endpoint,
            AuthenticationRegion = settings.Region ?? "us-east-1",
            ForcePathStyle = true,
            Timeout = CallLimit,
            ConnectTimeout = TimeSpan.FromSeconds(5),
            RetryMode = RequestRetryMode.Standard,
            MaxErrorRetry = MaxRetries,
            // Checksums that not every server knows.
            RequestChecksumCalculation = RequestChecksumCalculation.WHEN_REQUIRED,
            ResponseChecksumValidation = ResponseChecksumValidation.WHEN_REQUIRED,
        });
    }

    public IBlobWriter Create(string key) => new S3BlobWriter(_client, _bucket, BlobKey.Check(key));

    public Task<Stream?> OpenReadAsync(string key, long offset, long? length, CancellationToken cancellationToken)
    {
        var request = new GetObjectRequest { BucketName = _bucket, Key = BlobKey.Check(key) };
        if (offset > 0 || length is > 0)
            request.ByteRange = length is > 0 ? new ByteRange(offset, offset + length.Value - 1) : new ByteRange($"bytes={offset}-");
        return S3Failure.TranslateAsync(async () =>
        {
            try
            {
                var response = await _client.GetObjectAsync(request, cancellationToken);
                if (length is not 0)
                    return new S3ReadStream(response, CallLimit);
                response.Dispose();
                return Stream.Null;
            }
            catch (AmazonS3Exception exception) when (exception.StatusCode == HttpStatusCode.NotFound && exception.ErrorCode != "NoSuchBucket")
            {
                return null;
            }
            catch (AmazonS3Exception exception) when (exception.StatusCode == HttpStatusCode.RequestedRangeNotSatisfiable)
            {
                // Its end, or an empty blob.
                return Stream.Null;
            }
        }, cancellationToken);
    }

    public Task DeleteAsync(string key, CancellationToken cancellationToken)
    {
        var request = new DeleteObjectRequest { BucketName = _bucket, Key = BlobKey.Check(key) };
        return S3Failure.TranslateAsync(() => _client.DeleteObjectAsync(request, cancellationToken), cancellationToken);
    }

    public async Task DeleteFolderAsync(string folder, CancellationToken cancellationToken)
    {
        await foreach (var keys in ListAsync(folder, cancellationToken).Select(blob => new KeyVersion { Key = blob.Key }).Chunk(DeletedAtOnce).WithCancellation(cancellationToken))
        {
            var request = new DeleteObjectsRequest { BucketName = _bucket, Objects = [.. keys], Quiet = true };
            await S3Failure.TranslateAsync(() => _client.DeleteObjectsAsync(request, cancellationToken), cancellationToken);
        }
    }

    public async IAsyncEnumerable<BlobInfo> ListAsync(string folder, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var request = new ListObjectsV2Request { BucketName = _bucket, Prefix = $"{BlobKey.Check(folder)}/" };
        do
        {
            var page = await S3Failure.TranslateAsync(() => _client.ListObjectsV2Async(request, cancellationToken), cancellationToken);
            foreach (var found in page.S3Objects ?? [])
                yield return new BlobInfo(found.Key, found.Size ?? 0, found.LastModified?.ToUniversalTime() ?? default);
            request.ContinuationToken = page.IsTruncated == true ? page.NextContinuationToken : null;
        }
        while (request.ContinuationToken is not null);
    }

    /// <summary>Nobody can ask S3; a full one says so while it is written to.</summary>
    public Task EnsureSpaceAsync(long bytes, CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose() => _client.Dispose();
}
