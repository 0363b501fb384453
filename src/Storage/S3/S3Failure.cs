using Amazon.Runtime;
using Amazon.S3;

namespace PhotoPlatform.Storage;

/// <summary>The client library fails in many ways; users of the storage see one.</summary>
internal static class S3Failure
{
    private const int InsufficientStorage = 507;

    internal static async Task<T> TranslateAsync<T>(Func<Task<T>> call, CancellationToken cancellationToken)
    {
        try
        {
            return await call();
        }
        catch (Exception exception) when (Translate(exception, cancellationToken) is { } failure)
        {
            throw failure;
        }
    }

    /// <summary>The failure as an <see cref="IOException"/>; null for what is none of the storage's.</summary>
    internal static IOException? Translate(Exception exception, CancellationToken cancellationToken) => exception switch
    {
        AmazonS3Exception { StatusCode: (System.Net.HttpStatusCode)InsufficientStorage } or AmazonS3Exception { ErrorCode: "QuotaExceeded" or "XMinioStorageFull" } =>
            new StorageFullException("The S3 storage is full.", exception),
        AmazonServiceException or AmazonClientException or HttpRequestException or TimeoutException => new StorageFailedException($"The S3 storage failed: {exception.Message}", exception),
        OperationCanceledException when !cancellationToken.IsCancellationRequested => new StorageFailedException("The S3 storage did not answer in time.", exception),
        _ => null,
    };
}
