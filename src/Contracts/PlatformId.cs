using System.Buffers.Binary;
using System.Security.Cryptography;

namespace PhotoPlatform.Contracts;

/// <summary>
/// Ids of users and photos: UUIDv8 (RFC 9562, section 5.8) made of 48 bits of Unix milliseconds, a 12-bit bucket and 62 random bits.
/// They sort by time, and an id alone tells its bucket, so a shard is found without a lookup.
/// The idea of an id that carries its shard: "Sharding &amp; IDs at Instagram", 2012.
/// </summary>
public static class PlatformId
{
    /// <summary>Buckets given to new users: 0 to 3839.</summary>
    public const int AssignedBuckets = 3840;

    /// <summary>All buckets: those from <see cref="AssignedBuckets"/> up are kept for users who outgrow theirs.</summary>
    public const int Buckets = 4096;

    /// <summary>A new id in the given bucket.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The bucket is not 0 to 4095.</exception>
    public static Guid New(TimeProvider time, int bucket)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bucket);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(bucket, Buckets);

        Span<byte> bytes = stackalloc byte[16];
        RandomNumberGenerator.Fill(bytes[8..]);
        BinaryPrimitives.WriteInt64BigEndian(bytes, time.GetUtcNow().ToUnixTimeMilliseconds() << 16);
        BinaryPrimitives.WriteUInt16BigEndian(bytes[6..], (ushort)(0x8000 | bucket));
        bytes[8] = (byte)(0x80 | (bytes[8] & 0x3F));
        return new Guid(bytes, bigEndian: true);
    }

    /// <summary>A bucket for a new user: uniformly random in 0 to 3839.</summary>
    public static int NewBucket() => RandomNumberGenerator.GetInt32(AssignedBuckets);

    /// <summary>The bucket inside an id, 0 to 4095.</summary>
    public static int BucketOf(Guid id)
    {
        Span<byte> bytes = stackalloc byte[16];
        id.TryWriteBytes(bytes, bigEndian: true, out _);
        return BinaryPrimitives.ReadUInt16BigEndian(bytes[6..]) & 0x0FFF;
    }

    /// <summary>Whether the value has the shape of an id made by <see cref="New"/>.</summary>
    public static bool IsValid(Guid id) => id.Version == 8 && (id.Variant & 0xC) == 0x8;
}
