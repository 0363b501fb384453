using System.Buffers;
using Amazon.S3;
using Amazon.S3.Model;

namespace PhotoPlatform.Storage;

/// <summary>
/// An object being written: up to 8 MB in one call, more in parts of 8 MB, of which only one is in memory. Parts that no completion follows are removed when it is disposed;
/// those of a process that died, by the bucket's lifecycle rule (<c>AbortIncompleteMultipartUpload</c>).
/// </summary>
internal sealed class S3BlobWriter : IBlobWriter
{
    private const int PartBytes = 8 * 1024 * 1024;
    private static readonly TimeSpan AbortLimit = TimeSpan.FromSeconds(5);
    private readonly AmazonS3Client _client;
    private readonly string _bucket;
    private readonly string _key;
    private readonly PartStream _stream;
    private readonly List<PartETag> _parts = [];
    private string? _upload;
    private bool _committed;

    internal S3BlobWriter(AmazonS3Client client, string bucket, string key)
    {
        (_client, _bucket, _key) = (client, bucket, key);
        _stream = new PartStream(PartBytes, SendPartAsync);
    }

    public Stream Stream => _stream;

    public async Task CommitAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (_upload is null)
        {
            var request = new PutObjectRequest { BucketName = _bucket, Key = _key, InputStream = _stream.Pending(), UseChunkEncoding = false };
            await S3Failure.TranslateAsync(() => _client.PutObjectAsync(request, cancellationToken), cancellationToken);
        }
        else
        {
            await SendPartAsync(_stream.Pending(), cancellationToken);
            var request = new CompleteMultipartUploadRequest { BucketName = _bucket, Key = _key, UploadId = _upload, PartETags = _parts };
            await S3Failure.TranslateAsync(() => _client.CompleteMultipartUploadAsync(request, cancellationToken), cancellationToken);
        }
        _committed = true;
    }

    public async ValueTask DisposeAsync()
    {
        await _stream.DisposeAsync();
        if (_committed || _upload is null)
            return;
        using var limit = new CancellationTokenSource(AbortLimit);
        try
        {
            await S3Failure.TranslateAsync(() => _client.AbortMultipartUploadAsync(new AbortMultipartUploadRequest { BucketName = _bucket, Key = _key, UploadId = _upload }, limit.Token), default);
        }
        catch (IOException)
        {
            // The storage is away, and was the reason to give up. Its lifecycle rule removes the parts.
        }
    }

    private async Task SendPartAsync(MemoryStream bytes, CancellationToken cancellationToken)
    {
        if (bytes.Length == 0)
            return;
        _upload ??= (await S3Failure.TranslateAsync(
            () => _client.InitiateMultipartUploadAsync(new InitiateMultipartUploadRequest { BucketName = _bucket, Key = _key }, cancellationToken), cancellationToken)).UploadId;
        var number = _parts.Count + 1;
        var request = new UploadPartRequest { BucketName = _bucket, Key = _key, UploadId = _upload, PartNumber = number, PartSize = bytes.Length, InputStream = bytes, UseChunkEncoding = false };
        var response = await S3Failure.TranslateAsync(() => _client.UploadPartAsync(request, cancellationToken), cancellationToken);
        _parts.Add(new PartETag(number, response.ETag));
    }

    /// <summary>Collects bytes until a part is full, then sends it.</summary>
    private sealed class PartStream(int size, Func<MemoryStream, CancellationToken, Task> send) : Stream
    {
        private readonly byte[] _buffer = ArrayPool<byte>.Shared.Rent(size);
        private int _length;
        private bool _disposed;

        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        /// <summary>What no part has sent yet.</summary>
        internal MemoryStream Pending() => new(_buffer, 0, _length, writable: false);

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            while (buffer.Length > 0)
            {
                if (_length == size)
                {
                    await send(Pending(), cancellationToken);
                    _length = 0;
                }
                var taken = Math.Min(buffer.Length, size - _length);
                buffer[..taken].CopyTo(_buffer.AsMemory(_length));
                _length += taken;
                buffer = buffer[taken..];
            }
        }

        public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException("Blobs are written asynchronously.");

        public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public override void Flush()
        {
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            if (disposing && !_disposed)
                ArrayPool<byte>.Shared.Return(_buffer);
            _disposed = true;
            base.Dispose(disposing);
        }
    }
}
