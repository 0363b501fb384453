using System.Text.Json.Nodes;

namespace PhotoPlatform.Testing;

/// <summary>Reads answers.</summary>
public static class Answers
{
    /// <summary>The body without its trace id, which alone differs between answers that must be the same.</summary>
    public static async Task<string> WithoutTraceAsync(this HttpResponseMessage response)
    {
        var text = await response.Content.ReadAsStringAsync();
        if (response.Content.Headers.ContentType?.MediaType != "application/problem+json")
            return text;
        var problem = JsonNode.Parse(text)!.AsObject();
        problem.Remove("traceId");
        return problem.ToJsonString();
    }
}
