using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using PhotoPlatform.Gateway.Proxy;
using PhotoPlatform.ServiceDefaults.Identity;
using Yarp.ReverseProxy.Configuration;

namespace PhotoPlatform.Gateway.ApiDocs;

/// <summary>The merged API description and its strong entity tag.</summary>
internal sealed record MergedApi(byte[] Json, string Etag, DateTimeOffset FreshUntil);

/// <summary>
/// Asks each service that the gateway proxies for its OpenAPI document, at most once a minute, and keeps the merged one.
/// Of a service that is away, what it last said is used; it is named in <c>x-unavailable</c> and asked again sooner.
/// </summary>
internal sealed class ApiDocuments(IHttpClientFactory clients, ServiceAddresses addresses, IdentitySigner signer, IProxyConfigProvider proxy, TimeProvider time, ILogger<ApiDocuments> logger) : IDisposable
{
    internal const string ClientName = "api-documents";

    /// <summary>The largest document that is taken from a service, in bytes.</summary>
    internal const int MaxBytes = 4 * 1024 * 1024;

    /// <summary>How long a service may take to answer.</summary>
    internal static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    private static readonly TimeSpan Fresh = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan FreshWhileIncomplete = TimeSpan.FromSeconds(5);
    private readonly Dictionary<string, string> _lastKnown = [];
    private readonly SemaphoreSlim _oneAsks = new(1);
    private volatile MergedApi? _current;

    internal async Task<MergedApi> GetAsync(CancellationToken cancellationToken)
    {
        if (Current() is { } current)
            return current;
        await _oneAsks.WaitAsync(cancellationToken);
        try
        {
            return Current() ?? (_current = await AskAsync(cancellationToken));
        }
        finally
        {
            _oneAsks.Release();
        }
    }

    public void Dispose() => _oneAsks.Dispose();

    private MergedApi? Current() => _current is { } current && current.FreshUntil > time.GetUtcNow() ? current : null;

    private async Task<MergedApi> AskAsync(CancellationToken cancellationToken)
    {
        var services = proxy.GetConfig().Clusters.Select(cluster => cluster.ClusterId).Order(StringComparer.Ordinal).ToArray();
        var answers = await Task.WhenAll(services.Select(service => AskAsync(service, cancellationToken)));
        var unavailable = new List<string>();
        foreach (var (service, answer) in services.Zip(answers))
        {
            if (answer is null)
                unavailable.Add(service);
            else
                _lastKnown[service] = answer;
        }
        var documents = services.Where(_lastKnown.ContainsKey).Select(service => (service, JsonNode.Parse(_lastKnown[service])!.AsObject())).ToList();
        var json = JsonSerializer.SerializeToUtf8Bytes(ApiMerger.Merge(documents, unavailable));
        return new MergedApi(json, $"\"{Convert.ToHexStringLower(SHA256.HashData(json))}\"", time.GetUtcNow() + (unavailable.Count == 0 ? Fresh : FreshWhileIncomplete));
    }

    /// <summary>The document of a service, from the first of its replicas, or else of the configured addresses, that gives one; null when none does.</summary>
    private async Task<string?> AskAsync(string service, CancellationToken cancellationToken)
    {
        using var client = clients.CreateClient(ClientName);
        foreach (var address in addresses.Of(service).Union(addresses.Configured(service)))
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(new Uri(address), "/internal/openapi.json"));
            request.Headers.TryAddWithoutValidation(IdentitySigner.Header, signer.Sign(service, roles: CallerIdentity.GatewayRole));
            try
            {
                using var response = await client.SendAsync(request, cancellationToken);
                response.EnsureSuccessStatusCode();
                var json = await response.Content.ReadAsStringAsync(cancellationToken);
                return JsonNode.Parse(json) is JsonObject ? json : throw new JsonException("It is not an object.");
            }
            catch (Exception exception) when (exception is HttpRequestException or JsonException || (exception is TaskCanceledException && !cancellationToken.IsCancellationRequested))
            {
                logger.LogWarning("{Service} gave no API description: {Reason}", service, exception.Message);
            }
        }
        return null;
    }
}
