using System.Globalization;
using System.Security.Cryptography;

namespace PhotoPlatform.Users.Passwords;

/// <summary>PBKDF2-HMAC-SHA512, with the parameters stored beside the hash. It takes a text as <see cref="PasswordText.Normalise"/> makes it.</summary>
/// <param name="iterations">The cost of new hashes.</param>
internal sealed class PasswordHasher(int iterations)
{
    /// <summary>OWASP's cost for this algorithm (Password Storage Cheat Sheet).</summary>
    internal const int DefaultIterations = 210_000;

    private const string Scheme = "pbkdf2-sha512";
    private const int SaltBytes = 16;
    private const int HashBytes = 32;

    // Checked when there is no account, so that the answer takes as long as with one.
    private readonly string _nobody = Encode(iterations, new byte[SaltBytes], new byte[HashBytes]);

    internal string Hash(string password)
    {
        var salt = RandomNumberGenerator.GetBytes(SaltBytes);
        return Encode(iterations, salt, Derive(password, salt, iterations));
    }

    /// <summary>Whether the password belongs to the stored hash; with no stored hash false, after the same work.</summary>
    internal bool Verify(string password, string? stored)
    {
        var (cost, salt, hash) = Decode(stored ?? _nobody);
        return CryptographicOperations.FixedTimeEquals(Derive(password, salt, cost), hash) && stored is not null;
    }

    /// <summary>Whether a stored hash was made with other parameters than new ones are.</summary>
    internal bool IsOutdated(string stored) => Decode(stored) is var (cost, salt, hash) && (cost != iterations || salt.Length != SaltBytes || hash.Length != HashBytes);

    private static string Encode(int iterations, byte[] salt, byte[] hash) =>
        string.Create(CultureInfo.InvariantCulture, $"{Scheme}${iterations}${Convert.ToBase64String(salt)}${Convert.ToBase64String(hash)}");

    private static (int Iterations, byte[] Salt, byte[] Hash) Decode(string stored) => stored.Split('$') is [Scheme, var iterations, var salt, var hash]
        ? (int.Parse(iterations, CultureInfo.InvariantCulture), Convert.FromBase64String(salt), Convert.FromBase64String(hash))
        : throw new InvalidOperationException("A stored password hash has an unknown form.");

    private static byte[] Derive(string password, byte[] salt, int iterations) => Rfc2898DeriveBytes.Pbkdf2(password, salt, iterations, HashAlgorithmName.SHA512, HashBytes);
}
