using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;

namespace LocalHosting.Running;

/// <summary>A resource could not be started. <see cref="Culprit"/> is the resource whose log tells more; it may be one that was waited for.</summary>
internal sealed class ResourceFailedException(IResource culprit, string message, Exception? inner = null) : DistributedApplicationException(message, inner!)
{
    public IResource Culprit => culprit;
}
