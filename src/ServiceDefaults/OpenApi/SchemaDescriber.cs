using System.Reflection;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace PhotoPlatform.ServiceDefaults.OpenApi;

/// <summary>Gives schemas and their properties the text of the documentation comments.</summary>
internal sealed class SchemaDescriber(DocumentationComments comments) : IOpenApiSchemaTransformer
{
    public Task TransformAsync(OpenApiSchema schema, OpenApiSchemaTransformerContext context, CancellationToken cancellationToken)
    {
        if (context.JsonPropertyInfo is { AttributeProvider: MemberInfo member } property)
            schema.Description ??= comments.SummaryOf(property.DeclaringType, member.Name);
        else if (schema.Properties is { Count: > 0 })
            schema.Description ??= comments.SummaryOf(context.JsonTypeInfo.Type);
        return Task.CompletedTask;
    }
}
