using System.Globalization;
using System.Security.Cryptography;

namespace PhotoPlatform.Users.Passwords;

/// <summary>PBKDF2-HMAC-SHA512 at OWASP's cost (Password Storage Cheat Sheet: 210,000 iterations), with the parameters stored beside the hash.</summary>
internal static class PasswordHasher
{
    internal const int MinLength = 8;
    internal const int MaxLength = 128;
    private const string Scheme = "pbkdf2-sha512";
    private const int Iterations = 210_000;
    private const int SaltBytes = 16;
    private const int HashBytes = 32;

    // Checked when there is no account, so that the answer takes as long as with one.
    private static readonly string Nobody = Encode(Iterations, new byte[SaltBytes], new byte[HashBytes]);

    internal static string Hash(string password)
    {
        var salt = RandomNumberGenerator.GetBytes(SaltBytes);
        return Encode(Iterations, salt, Derive(password, salt, Iterations));
    }

    /// <summary>Whether the password belongs to the stored hash; with no stored hash false, after the same work.</summary>
    internal static bool Verify(string password, string? stored)
    {
        var parts = (stored ?? Nobody).Split('$');
        if (parts is not [Scheme, var iterations, var salt, var hash])
            throw new InvalidOperationException("A stored password hash has an unknown form.");
        var derived = Derive(password, Convert.FromBase64String(salt), int.Parse(iterations, CultureInfo.InvariantCulture));
        return CryptographicOperations.FixedTimeEquals(derived, Convert.FromBase64String(hash)) && stored is not null;
    }

    private static string Encode(int iterations, byte[] salt, byte[] hash) => $"{Scheme}${iterations}${Convert.ToBase64String(salt)}${Convert.ToBase64String(hash)}";

    private static byte[] Derive(string password, byte[] salt, int iterations) => Rfc2898DeriveBytes.Pbkdf2(password, salt, iterations, HashAlgorithmName.SHA512, HashBytes);
}
