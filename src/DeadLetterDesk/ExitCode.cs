namespace PhotoPlatform.DeadLetterDesk;

/// <summary>What the program ends with.</summary>
internal static class ExitCode
{
    internal const int Done = 0;

    /// <summary>Some letters could not be handled; they are where they were.</summary>
    internal const int SomethingStays = 1;

    internal const int CouldNotBegin = 2;
}
