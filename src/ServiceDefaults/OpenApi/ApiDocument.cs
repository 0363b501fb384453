using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.OpenApi;

namespace PhotoPlatform.ServiceDefaults.OpenApi;

/// <summary>What a service tells of its HTTP interface: an OpenAPI 3.1 document, made from its endpoints and their documentation comments.</summary>
internal static class ApiDocument
{
    /// <summary>Where it is: inside, so that only the gateway reads it.</summary>
    internal const string Path = "/internal/openapi.json";

    internal const string BearerScheme = "bearer";
    internal const string CookieScheme = "cookie";

    internal static void AddApiDocument(this WebApplicationBuilder builder, string service)
    {
        var cookie = SessionCookieName.FromConfiguration(builder.Configuration);
        builder.Services.AddSingleton<DocumentationComments>();
        builder.Services.AddOpenApi(options =>
        {
            options.ShouldInclude = description => IsPublic($"/{description.RelativePath}");
            options.CreateSchemaReferenceId = SchemaNames.Of;
            options.AddOperationTransformer<OperationDescriber>();
            options.AddSchemaTransformer<SchemaDescriber>();
            options.AddDocumentTransformer((document, _, _) =>
            {
                document.Info = new OpenApiInfo { Title = $"PhotoPlatform: {service}", Version = "1" };
                document.Servers = [];
                document.Tags = null;
                NothingIsRequiredOfChanges(document);
                document.AddComponent(BearerScheme, new OpenApiSecurityScheme { Type = SecuritySchemeType.Http, Scheme = "bearer", Description = "The token that POST /api/sessions answers with." });
                document.AddComponent(CookieScheme, new OpenApiSecurityScheme { Type = SecuritySchemeType.ApiKey, In = ParameterLocation.Cookie, Name = cookie, Description = "Set by POST /api/sessions, for browsers. Changes that another site's page sends with it are refused." });
                return Task.CompletedTask;
            });
        });
    }

    internal static void MapApiDocument(this WebApplication app) => app.MapOpenApi(Path);

    /// <summary>What a PATCH leaves out stays as it is, although the constructor of its record takes everything.</summary>
    private static void NothingIsRequiredOfChanges(OpenApiDocument document)
    {
        var changes = document.Paths.Values.SelectMany(path => path.Operations ?? []).Where(operation => operation.Key == HttpMethod.Patch);
        foreach (var schema in changes.SelectMany(change => change.Value.RequestBody?.Content?.Values ?? []).Select(media => media.Schema).OfType<OpenApiSchemaReference>())
        {
            if (document.Components?.Schemas?[schema.Reference.Id!] is OpenApiSchema change)
                change.Required = null;
        }
    }

    private static bool IsPublic(string path) => path.StartsWith("/api/", StringComparison.Ordinal) || path.StartsWith("/media/", StringComparison.Ordinal);
}
