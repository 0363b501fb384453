using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace PhotoPlatform.Messaging;

/// <summary>Message ids carry the time of the first message of their chain in their first 48 bits, so that an inbox finds the same day on every delivery.</summary>
public static class MessageId
{
    private static readonly long MaxMilliseconds = DateTimeOffset.MaxValue.ToUnixTimeMilliseconds();

    /// <summary>A new id: UUIDv7 (RFC 9562).</summary>
    public static Guid New(TimeProvider time) => Guid.CreateVersion7(time.GetUtcNow());

    /// <summary>
    /// The id of the n-th message that a consumer sends because of one it received: the same each time, so that a repeated job repeats its ids.
    /// UUIDv8: the received id's 48 bits of time, the rest from SHA-256 over (received id, consumer, ordinal).
    /// </summary>
    public static Guid FollowUp(Guid received, string consumer, int ordinal)
    {
        Span<byte> id = stackalloc byte[16];
        received.TryWriteBytes(id, bigEndian: true, out _);

        var input = new byte[16 + 4 + Encoding.UTF8.GetByteCount(consumer)];
        id.CopyTo(input);
        BinaryPrimitives.WriteInt32BigEndian(input.AsSpan(16), ordinal);
        Encoding.UTF8.GetBytes(consumer, input.AsSpan(20));

        SHA256.HashData(input).AsSpan(0, 10).CopyTo(id[6..]);
        id[6] = (byte)(0x80 | (id[6] & 0x0F));
        id[8] = (byte)(0x80 | (id[8] & 0x3F));
        return new Guid(id, bigEndian: true);
    }

    /// <summary>When the first message of the id's chain was made. Of an id that carries no time: any time.</summary>
    public static DateTimeOffset TimeOf(Guid id)
    {
        Span<byte> bytes = stackalloc byte[16];
        id.TryWriteBytes(bytes, bigEndian: true, out _);
        var milliseconds = BinaryPrimitives.ReadInt64BigEndian(bytes) >>> 16;
        return DateTimeOffset.FromUnixTimeMilliseconds(Math.Min(milliseconds, MaxMilliseconds));
    }
}
