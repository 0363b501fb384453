using PhotoPlatform.Users.Data;

namespace PhotoPlatform.Users.Sessions;

/// <summary>Makes a User-Agent short enough to read. It is whatever the client likes to say, so nothing is decided by it and nothing of it but printable ASCII is kept.</summary>
internal static class Device
{
    private const int MaxRead = 512;

    // In this order: most browsers also claim to be those below them.
    private static readonly (string Sign, string Name)[] Browsers =
    [
        ("Edg/", "Edge"), ("EdgA/", "Edge"), ("EdgiOS/", "Edge"), ("OPR/", "Opera"), ("Vivaldi/", "Vivaldi"), ("SamsungBrowser/", "Samsung Internet"), ("Firefox/", "Firefox"), ("FxiOS/", "Firefox"),
        ("CriOS/", "Chrome"), ("Chromium/", "Chromium"), ("Chrome/", "Chrome"), ("Safari/", "Safari"),
    ];

    private static readonly (string Sign, string Name)[] Systems =
    [
        ("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("Windows", "Windows"), ("CrOS", "ChromeOS"), ("Mac OS X", "macOS"), ("Macintosh", "macOS"), ("Linux", "Linux"),
    ];

    /// <summary>Such as "Firefox on Linux"; of a program the first word of what it says; "Unknown device" when it says nothing.</summary>
    internal static string Of(string userAgent)
    {
        var text = userAgent[..Math.Min(userAgent.Length, MaxRead)];
        var browser = Browsers.FirstOrDefault(known => text.Contains(known.Sign, StringComparison.Ordinal)).Name;
        var system = Systems.FirstOrDefault(known => text.Contains(known.Sign, StringComparison.Ordinal)).Name;
        return (browser, system) switch
        {
            (null, null) => FirstWord(text),
            (null, _) => $"{FirstWord(text)} on {system}",
            (_, null) => browser,
            _ => $"{browser} on {system}",
        };
    }

    private static string FirstWord(string text)
    {
        var word = new string([.. text.TrimStart().TakeWhile(c => c is > ' ' and <= '~' and not ('/' or '<' or '>' or '&' or '"' or '(')).Take(Session.MaxDevice / 2)]);
        return word.Length == 0 ? "Unknown device" : word;
    }
}
