using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;

namespace LocalHosting.Running;

/// <summary>Works out the links of each resource once the ports are known.</summary>
internal sealed class ResourceLinks(DistributedApplicationExecutionContext execution, ResourceNotificationService notifications, ResourceLoggerService loggers)
{
    public async Task ShowAsync(IResource resource, CancellationToken cancellationToken)
    {
        var endpoints = resource is IResourceWithEndpoints owner ? owner.GetEndpoints() : [];
        var links = endpoints.Select(endpoint => new ResourceUrlAnnotation { Url = endpoint.Url, Endpoint = endpoint })
            .Concat(resource.Annotations.OfType<ResourceUrlAnnotation>());
        var context = new ResourceUrlsCallbackContext(execution, resource, [.. links], cancellationToken) { Logger = loggers.GetLogger(resource) };
        foreach (var callback in resource.Annotations.OfType<ResourceUrlsCallbackAnnotation>().ToArray())
            await callback.Callback(context);
        var urls = context.Urls.OrderByDescending(url => url.DisplayOrder ?? 0)
            .Select(url => new UrlSnapshot(url.DisplayText ?? url.Endpoint?.EndpointName, Absolute(url), url.DisplayLocation == UrlDisplayLocation.DetailsOnly));
        notifications.Update(resource, snapshot => snapshot with { Urls = [.. urls] });
    }

    private static string Absolute(ResourceUrlAnnotation url) =>
        url.Endpoint is { } endpoint && url.Url.StartsWith('/') ? endpoint.Url + url.Url : url.Url;
}
