namespace PhotoPlatform.Messaging;

/// <summary>A failure that no later try can heal: the message goes straight to the dead letters.</summary>
/// <param name="reason">A stable code for the dead letter's header.</param>
/// <param name="message">What happened.</param>
/// <param name="inner">Its cause, if any.</param>
public sealed class PermanentException(string reason, string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>A stable code.</summary>
    public string Reason => reason;
}
