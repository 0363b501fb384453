using Microsoft.AspNetCore.Builder;
using Microsoft.OpenApi;

namespace PhotoPlatform.ServiceDefaults.OpenApi;

/// <summary>A header or query parameter that an endpoint reads by itself.</summary>
internal sealed record ParameterNote(string Name, ParameterLocation In, string Meaning, bool Required);

/// <summary>A header of an endpoint's successful answers.</summary>
internal sealed record ResponseHeaderNote(string Name, string Meaning);

/// <summary>A body that an endpoint reads by itself: bytes, or a form of fields of which one may be a file.</summary>
internal sealed record BodyNote(string ContentType, IReadOnlyList<(string Name, bool IsFile)> Fields);

/// <summary>What an answer's bytes are.</summary>
internal sealed record AnswerNote(int Status, string ContentType);

/// <summary>The endpoint answers 401 to anonymous callers.</summary>
internal sealed record UserRequiredNote;

/// <summary>Tells, for the API description, what cannot be seen in a handler's parameters and result.</summary>
public static class EndpointNotes
{
    /// <summary>The endpoint reads this request header.</summary>
    public static T TakesHeader<T>(this T builder, string name, string meaning, bool required = false) where T : IEndpointConventionBuilder =>
        builder.WithMetadata(new ParameterNote(name, ParameterLocation.Header, meaning, required));

    /// <summary>The endpoint reads this parameter of the query.</summary>
    public static T TakesQuery<T>(this T builder, string name, string meaning) where T : IEndpointConventionBuilder =>
        builder.WithMetadata(new ParameterNote(name, ParameterLocation.Query, meaning, false));

    /// <summary>The endpoint's successful answers carry this header.</summary>
    public static T GivesHeader<T>(this T builder, string name, string meaning) where T : IEndpointConventionBuilder =>
        builder.WithMetadata(new ResponseHeaderNote(name, meaning));

    /// <summary>The endpoint reads the bytes of its body, of one of these media types.</summary>
    public static T TakesBytes<T>(this T builder, params string[] contentTypes) where T : IEndpointConventionBuilder =>
        builder.WithMetadata([.. contentTypes.Select(type => new BodyNote(type, []))]);

    /// <summary>The endpoint reads a multipart form: one file and some text fields.</summary>
    public static T TakesForm<T>(this T builder, string file, params string[] texts) where T : IEndpointConventionBuilder =>
        builder.WithMetadata(new BodyNote("multipart/form-data", [(file, true), .. texts.Select(name => (name, false))]));

    /// <summary>The endpoint answers with bytes of this media type.</summary>
    public static T GivesBytes<T>(this T builder, string contentType, int status = 200) where T : IEndpointConventionBuilder =>
        builder.WithMetadata(new AnswerNote(status, contentType));
}
