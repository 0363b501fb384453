using System.Text;

namespace PhotoPlatform.Messaging;

/// <summary>Names on the broker: kebab-case, from the message's type.</summary>
public static class MessageNames
{
    /// <summary>The exchange that an event of this type goes to: <c>PhotoReady</c> becomes <c>photo-ready</c>.</summary>
    public static string ExchangeOf(Type message) => KebabCase(message.Name);

    /// <summary>The queue in which a consumer's messages end after the last try.</summary>
    public static string DeadLetterQueueOf(string queue) => $"{queue}.dead";

    internal static string KebabCase(string name) => Words(name, '-');

    /// <summary>Lower case, with a divider before each word; a run of capitals is one word.</summary>
    internal static string Words(string name, char divider)
    {
        var text = new StringBuilder(name.Length + 8);
        for (var i = 0; i < name.Length; i++)
        {
            var startsWord = i > 0 && char.IsAsciiLetterUpper(name[i]) && name[i - 1] != divider
                && (!char.IsAsciiLetterUpper(name[i - 1]) || (i + 1 < name.Length && char.IsAsciiLetterLower(name[i + 1])));
            if (startsWord)
                text.Append(divider);
            text.Append(char.ToLowerInvariant(name[i]));
        }
        return text.ToString();
    }
}
