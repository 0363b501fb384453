namespace PhotoPlatform.Messaging.Retry;

/// <summary>Counts how often one delivery of a message is tried.</summary>
internal sealed class Tries
{
    internal int Count { get; private set; }

    internal void Add() => Count++;
}
