using System.Security.Cryptography;

namespace Aspire.Hosting.ApplicationModel;

/// <summary>A random value. The special characters are those that need no escaping in URLs and connection strings.</summary>
public sealed class GenerateParameterDefault : ParameterDefault
{
    private const string LowerCharacters = "abcdefghjkmnpqrstuvwxyz";
    private const string UpperCharacters = "ABCDEFGHJKMNPQRSTUVWXYZ";
    private const string NumericCharacters = "0123456789";
    private const string SpecialCharacters = "-_.{}~()*+!";

    public int MinLength { get; set; }

    public bool Lower { get; set; } = true;

    public bool Upper { get; set; } = true;

    public bool Numeric { get; set; } = true;

    public bool Special { get; set; } = true;

    public int MinLower { get; set; }

    public int MinUpper { get; set; }

    public int MinNumeric { get; set; }

    public int MinSpecial { get; set; }

    /// <summary>A new value at every call.</summary>
    /// <exception cref="InvalidOperationException">No kind of character is allowed, or one is required that is not.</exception>
    public override string GetDefaultValue()
    {
        (string Characters, bool Allowed, int Least)[] kinds =
        [
            (LowerCharacters, Lower, MinLower),
            (UpperCharacters, Upper, MinUpper),
            (NumericCharacters, Numeric, MinNumeric),
            (SpecialCharacters, Special, MinSpecial),
        ];
        if (kinds.Any(kind => !kind.Allowed && kind.Least > 0) || !kinds.Any(kind => kind.Allowed))
            throw new InvalidOperationException("A generated value needs at least one kind of character, and may require only kinds that are allowed.");

        var required = string.Concat(kinds.Where(kind => kind.Least > 0).Select(kind => RandomNumberGenerator.GetString(kind.Characters, kind.Least)));
        var all = string.Concat(kinds.Where(kind => kind.Allowed).Select(kind => kind.Characters));
        var value = (required + RandomNumberGenerator.GetString(all, Math.Max(0, MinLength - required.Length))).ToCharArray();
        RandomNumberGenerator.Shuffle<char>(value);
        return new string(value);
    }
}
