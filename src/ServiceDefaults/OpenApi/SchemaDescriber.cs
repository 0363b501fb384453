using System.Reflection;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace PhotoPlatform.ServiceDefaults.OpenApi;

/// <summary>Gives schemas and their properties the text of the documentation comments. A number is described as one, although a string of digits is read too.</summary>
internal sealed class SchemaDescriber(DocumentationComments comments) : IOpenApiSchemaTransformer
{
    public Task TransformAsync(OpenApiSchema schema, OpenApiSchemaTransformerContext context, CancellationToken cancellationToken)
    {
        if (context.JsonPropertyInfo is { AttributeProvider: MemberInfo member } property)
            schema.Description ??= comments.SummaryOf(property.DeclaringType, member.Name);
        else if (schema.Properties is { Count: > 0 })
            schema.Description ??= comments.SummaryOf(context.JsonTypeInfo.Type);
        if (schema.Type is { } type && type.HasFlag(JsonSchemaType.String) && (type & (JsonSchemaType.Integer | JsonSchemaType.Number)) != 0)
            schema.Type = type & ~JsonSchemaType.String;
        if (schema.Type is { } number && (number & (JsonSchemaType.Integer | JsonSchemaType.Number)) != 0)
            schema.Pattern = null;
        return Task.CompletedTask;
    }
}
