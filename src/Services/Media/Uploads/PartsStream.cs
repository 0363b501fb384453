using PhotoPlatform.Storage;

namespace PhotoPlatform.Media.Uploads;

/// <summary>The parts of an upload, one after the other.</summary>
internal sealed class PartsStream(IBlobStore blobs, IReadOnlyList<string> keys) : ReadStream
{
    private Stream? _part;
    private int _next;

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
