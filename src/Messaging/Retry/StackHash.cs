using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace PhotoPlatform.Messaging.Retry;

/// <summary>
/// A short hash of where an exception comes from: its type, its methods and those of its causes. It has no line numbers, no numbers that the compiler
/// gives, and nothing of the runtime and the bus, so that equal faults have equal hashes, whichever try and whichever build they come from.
/// </summary>
internal static partial class StackHash
{
    private static readonly string[] Plumbing = ["System.Runtime.", "System.Threading.", "MassTransit"];

    internal static string Of(Exception exception)
    {
        var text = new StringBuilder();
        for (var cause = exception; cause is not null; cause = cause.InnerException)
            text.Append(cause.GetType().FullName).Append('\n').AppendJoin('\n', Methods(cause)).Append('\n');
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())).AsSpan(0, 4));
    }

    private static IEnumerable<string> Methods(Exception exception)
    {
        var last = "";
        foreach (var frame in new StackTrace(exception, fNeedFileInfo: false).GetFrames())
        {
            // Compiled expressions have no type, and names that count up.
            if (frame.GetMethod() is not { DeclaringType.FullName: { } type } method || Plumbing.Any(part => type.StartsWith(part, StringComparison.Ordinal)))
                continue;
            var name = $"{Written(type)}.{Written(method.Name)}";
            // An exception that is thrown on by an await passes its method twice.
            if (name != last)
                yield return last = name;
        }
    }

    /// <summary>The name without type arguments and the compiler's numbers: <c>Orders+&lt;PlaceAsync&gt;d__3</c> is <c>Orders+&lt;PlaceAsync&gt;d__</c>.</summary>
    private static string Written(string name) => CompilerNumbers().Replace(name.Split("[[")[0], "");

    [GeneratedRegex(@"(?<=__(DisplayClass)?|\|)\d+(_\d+)*")]
    private static partial Regex CompilerNumbers();
}
