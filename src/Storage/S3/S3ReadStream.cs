using Amazon.S3.Model;

namespace PhotoPlatform.Storage;

/// <summary>The bytes of an object as they arrive. A server that stops sending is a failure, not a wait.</summary>
internal sealed class S3ReadStream(GetObjectResponse response, TimeSpan limit) : ReadStream
{
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(limit);
        try
        {
            return await response.ResponseStream.ReadAsync(buffer, timeout.Token);
        }
        catch (Exception exception) when (S3Failure.Translate(exception, cancellationToken) is { } failure)
        {
            throw failure;
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            response.Dispose();
        base.Dispose(disposing);
    }
}
