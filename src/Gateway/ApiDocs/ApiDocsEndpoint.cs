using Microsoft.Net.Http.Headers;

namespace PhotoPlatform.Gateway.ApiDocs;

/// <summary><c>GET /api/openapi.json</c>: what the whole platform offers, as one OpenAPI 3.1 document.</summary>
internal static class ApiDocsEndpoint
{
    internal static void AddApiDocs(this IServiceCollection services)
    {
        services.AddSingleton<ApiDocuments>();
        services.AddHttpClient(ApiDocuments.ClientName, client =>
        {
            client.Timeout = ApiDocuments.Patience;
            client.MaxResponseContentBufferSize = ApiDocuments.MaxBytes;
        });
    }

    internal static void MapApiDocs(this IEndpointRouteBuilder app) => app.MapGet("/api/openapi.json", async (HttpContext http, ApiDocuments documents, CancellationToken cancellationToken) =>
    {
        var merged = await documents.GetAsync(cancellationToken);
        http.Response.Headers.CacheControl = "public, no-cache";
        return TypedResults.Bytes(merged.Json, "application/json", entityTag: new EntityTagHeaderValue(merged.Etag));
    });
}
