using System.Reflection;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.ApiExplorer;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.AspNetCore.Routing;
using Microsoft.OpenApi;

namespace PhotoPlatform.ServiceDefaults.OpenApi;

/// <summary>
/// Completes an operation: a name and a summary from the use case's class where the endpoint gives none, who may call it, the bodies and headers
/// of its <see cref="EndpointNotes"/>, and that every error is problem details (RFC 9457).
/// </summary>
internal sealed partial class OperationDescriber(DocumentationComments comments) : IOpenApiOperationTransformer
{
    private const string ProblemType = "application/problem+json";

    public async Task TransformAsync(OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken cancellationToken)
    {
        var metadata = context.Description.ActionDescriptor.EndpointMetadata;
        var handler = metadata.OfType<MethodInfo>().LastOrDefault();
        Name(operation, context.Description, metadata, handler);
        if (handler is not null && comments.SummaryOf(handler) is { } comment)
            Describe(operation, comment);

        Bodies(operation, metadata);
        Parameters(operation, metadata);
        Answers(operation, metadata, handler);
        if (metadata.OfType<UserRequiredNote>().Any())
        {
            operation.Security =
            [
                new() { [new OpenApiSecuritySchemeReference(ApiDocument.BearerScheme, context.Document)] = [] },
                new() { [new OpenApiSecuritySchemeReference(ApiDocument.CookieScheme, context.Document)] = [] },
            ];
            operation.Responses!.TryAdd("401", new OpenApiResponse { Description = "Nobody is signed in." });
        }
        await ProblemsAsync(operation, context, cancellationToken);
    }

    private static void Name(OpenApiOperation operation, ApiDescription description, IList<object> metadata, MethodInfo? handler)
    {
        var given = metadata.OfType<IEndpointNameMetadata>().LastOrDefault()?.EndpointName;
        var method = handler?.Name is null or "HandleAsync" or "Handle" ? "" : handler.Name.Replace("Async", "", StringComparison.Ordinal);
        var name = given ?? (handler?.DeclaringType is { } type && !handler.Name.Contains('<', StringComparison.Ordinal) ? type.Name + method : null);
        if (name is not null)
            operation.OperationId = JsonNamingPolicy.CamelCase.ConvertName(name) + (IsHeadBesideGet(description, metadata) ? "Head" : "");
        var tags = metadata.OfType<ITagsMetadata>().LastOrDefault()?.Tags ?? [ResourceOf(description.RelativePath!)];
        operation.Tags = tags.Select(tag => new OpenApiTagReference(FirstUpper(tag))).ToHashSet();
    }

    /// <summary>One endpoint of two methods is two operations, which need two names.</summary>
    private static bool IsHeadBesideGet(ApiDescription description, IList<object> metadata) =>
        description.HttpMethod == HttpMethods.Head && metadata.OfType<IHttpMethodMetadata>().Any(methods => methods.HttpMethods.Contains(HttpMethods.Get));

    /// <summary>The resource: <c>photos</c> of <c>api/photos/{id}</c>, <c>media</c> of <c>media/...</c>.</summary>
    private static string ResourceOf(string path)
    {
        var segments = path.Split('/');
        return (segments[0] == "api" ? segments[1] : segments[0]).Replace('-', ' ');
    }

    /// <summary>Takes the comment without the method and path that it begins with: as the description beside a summary that the endpoint gives, otherwise its first sentence as the summary.</summary>
    private static void Describe(OpenApiOperation operation, string comment)
    {
        var match = Comment().Match(comment);
        var (first, rest) = (FirstUpper(match.Groups["first"].Value), match.Groups["rest"].Value);
        if (operation.Summary is null)
            (operation.Summary, operation.Description) = (first, operation.Description ?? (rest.Length > 0 ? rest : null));
        else if (!(rest.Length == 0 && first.TrimEnd('.') == operation.Summary.TrimEnd('.')))
            operation.Description ??= $"{first} {rest}".TrimEnd();
    }

    private static string FirstUpper(string text) => text.Length == 0 ? text : char.ToUpperInvariant(text[0]) + text[1..];

    private static void Bodies(OpenApiOperation operation, IList<object> metadata)
    {
        var notes = metadata.OfType<BodyNote>().ToArray();
        if (notes.Length == 0)
            return;
        operation.RequestBody = new OpenApiRequestBody { Required = true, Content = notes.ToDictionary(note => note.ContentType, note => new OpenApiMediaType { Schema = SchemaOf(note) }) };
    }

    // OpenAPI 3.1.1, 4.8.14.3: bytes as they are have no type, and in a form a media type.
    private static OpenApiSchema SchemaOf(BodyNote note) => note.Fields.Count == 0 ? Binary(note.ContentType) : new OpenApiSchema
    {
        Type = JsonSchemaType.Object,
        Properties = note.Fields.ToDictionary(field => field.Name, field => (IOpenApiSchema)(field.IsFile ? Binary("application/octet-stream") : new OpenApiSchema { Type = JsonSchemaType.String })),
        Required = note.Fields.Where(field => field.IsFile).Select(field => field.Name).ToHashSet(),
    };

    private static OpenApiSchema Binary(string contentType) => new() { Type = JsonSchemaType.String, Format = "binary", ContentMediaType = contentType };

    private static void Parameters(OpenApiOperation operation, IList<object> metadata)
    {
        foreach (var note in metadata.OfType<ParameterNote>())
        {
            operation.Parameters ??= [];
            operation.Parameters.Add(new OpenApiParameter { Name = note.Name, In = note.In, Description = note.Meaning, Required = note.Required, Schema = new OpenApiSchema { Type = JsonSchemaType.String } });
        }
    }

    private static void Answers(OpenApiOperation operation, IList<object> metadata, MethodInfo? handler)
    {
        operation.Responses ??= [];
        // The framework leaves out media types of answers without a .NET type.
        foreach (var bytes in metadata.OfType<IProducesResponseTypeMetadata>().Where(produces => (produces.Type is null || produces.Type == typeof(void)) && produces.ContentTypes.Any()))
        {
            if (operation.Responses.GetValueOrDefault($"{bytes.StatusCode}") is OpenApiResponse { Content: null or { Count: 0 } } response)
                response.Content = bytes.ContentTypes.ToDictionary(type => type, type => new OpenApiMediaType { Schema = type.StartsWith("text/", StringComparison.Ordinal) ? new OpenApiSchema { Type = JsonSchemaType.String } : Binary(type) });
        }
        foreach (var note in metadata.OfType<AnswerNote>())
            operation.Responses[$"{note.Status}"] = new OpenApiResponse { Description = "The bytes.", Content = new Dictionary<string, OpenApiMediaType> { [note.ContentType] = new() { Schema = Binary(note.ContentType) } } };
        var results = handler is null ? [] : ResultsOf(handler.ReturnType).ToArray();
        if (!metadata.OfType<AnswerNote>().Any() && results.Any(type => type == typeof(FileStreamHttpResult) || type == typeof(PhysicalFileHttpResult) || type == typeof(FileContentHttpResult)))
            operation.Responses["200"] = new OpenApiResponse { Description = "The bytes.", Content = new Dictionary<string, OpenApiMediaType> { ["application/octet-stream"] = new() { Schema = Binary("application/octet-stream") } } };

        foreach (var (status, answer) in operation.Responses)
        {
            if (status[0] != '2' || answer is not OpenApiResponse response)
                continue;
            if (status is "201" or "202" && results.Any(HasLocation))
                AddHeader(response, "Location", "Where the new resource is.");
            foreach (var note in metadata.OfType<ResponseHeaderNote>())
                AddHeader(response, note.Name, note.Meaning);
        }
    }

    private static bool HasLocation(Type result) =>
        result == typeof(Created) || (result.IsGenericType && result.GetGenericTypeDefinition() is var generic && (generic == typeof(Created<>) || generic == typeof(Accepted<>)));

    private static void AddHeader(OpenApiResponse response, string name, string meaning)
    {
        response.Headers ??= new Dictionary<string, IOpenApiHeader>();
        response.Headers[name] = new OpenApiHeader { Description = meaning, Schema = new OpenApiSchema { Type = JsonSchemaType.String } };
    }

    /// <summary>The results of a handler: <c>Task&lt;Results&lt;A, B&gt;&gt;</c> has A and B.</summary>
    private static IEnumerable<Type> ResultsOf(Type type) =>
        !type.IsGenericType ? [type]
        : type.Name.StartsWith("Results`", StringComparison.Ordinal) ? type.GetGenericArguments().SelectMany(ResultsOf)
        : type.GetGenericTypeDefinition() == typeof(Task<>) || type.GetGenericTypeDefinition() == typeof(ValueTask<>) ? ResultsOf(type.GetGenericArguments()[0])
        : [type];

    private static async Task ProblemsAsync(OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken cancellationToken)
    {
        var document = context.Document!;
        if (document.Components?.Schemas?.ContainsKey(nameof(ProblemDetails)) != true)
            document.AddComponent(nameof(ProblemDetails), await context.GetOrCreateSchemaAsync(typeof(ProblemDetails), null, cancellationToken));
        operation.Responses!["default"] = new OpenApiResponse { Description = "What went wrong." };
        foreach (var (status, answer) in operation.Responses)
        {
            if (status[0] is '4' or '5' or 'd' && answer is OpenApiResponse { Content: null or { Count: 0 } } response)
                response.Content = new Dictionary<string, OpenApiMediaType> { [ProblemType] = new() { Schema = new OpenApiSchemaReference(nameof(ProblemDetails), document) } };
        }
    }

    [GeneratedRegex(@"^(?:(?:(?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS)(?:(?:,| and) (?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS))*)?(?: ?/\S*?)?(?:\?\S*?)?(?:: | and |, |\. ))*(?<first>.+?(?:\.(?= [A-Z])|$))\s*(?<rest>.*)$", RegexOptions.Singleline)]
    private static partial Regex Comment();
}
