using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.OpenApi;

namespace PhotoPlatform.ServiceDefaults.OpenApi;

/// <summary>Names of schemas: a use case's own records are called after it, <c>SignUp.Request</c> is <c>SignUpRequest</c>. Free-form JSON has no name.</summary>
internal static class SchemaNames
{
    internal static string? Of(JsonTypeInfo type) =>
        type.Type != typeof(JsonElement) && OpenApiOptions.CreateDefaultSchemaReferenceId(type) is { } name ? Outer(type.Type) + name : null;

    private static string Outer(Type type) => type.DeclaringType is { } outer ? Outer(outer) + outer.Name : "";
}
