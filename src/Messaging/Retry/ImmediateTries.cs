using MassTransit;

namespace PhotoPlatform.Messaging.Retry;

internal static class ImmediateTries
{
    /// <summary>Tries a message again at once, while it holds its place in the prefetch window: a few times, with growing pauses.</summary>
    internal static void UseImmediateTries(this IReceiveEndpointConfigurator endpoint, RetryPolicy policy)
    {
        if (policy.ImmediateTries == 1)
            return;
        endpoint.UseMessageRetry(retry =>
        {
            retry.Exponential(policy.ImmediateTries - 1, TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(2), TimeSpan.FromMilliseconds(300));
            retry.Ignore<Exception>(exception => policy.PermanentIn(exception) is not null);
        });
    }
}
