namespace PhotoPlatform.Storage;

/// <summary>The form of a key, the same in every storage.</summary>
internal static class BlobKey
{
    private const int MaxSegment = 200;

    /// <summary>The key itself.</summary>
    /// <exception cref="ArgumentException">It has another form.</exception>
    internal static string Check(string key)
    {
        foreach (var segment in key.Split('/'))
        {
            if (segment.Length is 0 or > MaxSegment || segment[0] == '.' || !segment.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.'))
                throw new ArgumentException($"'{key}' is not a blob key: letters, digits, '-', '_' and '.' in segments divided by '/'.", nameof(key));
        }
        return key;
    }
}
