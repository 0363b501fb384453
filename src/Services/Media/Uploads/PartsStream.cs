using PhotoPlatform.Storage;

namespace PhotoPlatform.Media.Uploads;

/// <summary>The parts of an upload, one after the other.</summary>
internal sealed class PartsStream(IBlobStore blobs, IReadOnlyList<string> keys) : Stream
{
    private Stream? _part;
    private int _next;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    /// <exception cref="MissingPartException">A part is not there.</exception>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (true)
        {
            if (_part is not null && await _part.ReadAsync(buffer, cancellationToken) is var read and > 0)
                return read;
            if (_next == keys.Count)
                return 0;
            await DisposePartAsync();
            var key = keys[_next++];
            _part = await blobs.OpenReadAsync(key, 0, null, cancellationToken) ?? throw new MissingPartException(key);
        }
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override async ValueTask DisposeAsync()
    {
        await DisposePartAsync();
        await base.DisposeAsync();
    }

    private ValueTask DisposePartAsync()
    {
        var part = _part;
        _part = null;
        return part?.DisposeAsync() ?? default;
    }
}

/// <summary>A part of an upload is not there: the upload was completed or removed meanwhile, or the storage lost it.</summary>
internal sealed class MissingPartException(string key) : IOException($"The part '{key}' is missing.");
