using System.Text.Json;
using Aspire.Hosting.ApplicationModel;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;

namespace LocalHosting.Dashboard;

/// <summary>How the API answers: JSON, and problem details (RFC 9457) whose <c>detail</c> is a sentence for a person.</summary>
internal static class ApiAnswer
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    public static Task WriteAsync<T>(HttpContext context, T value) => context.Response.WriteAsJsonAsync(value, Json);

    public static Task ProblemAsync(HttpContext context, int status, string sentence)
    {
        context.Response.StatusCode = status;
        return context.Response.WriteAsJsonAsync(new { title = ReasonPhrases.GetReasonPhrase(status), status, detail = sentence }, Json, "application/problem+json");
    }

    /// <summary>The resource or replica that the route names; null after the answer that there is none.</summary>
    public static async Task<IResource?> FindAsync(HttpContext context, DistributedApplicationModel model)
    {
        var name = (string)context.Request.RouteValues["name"]!;
        if (model.Find(name) is { } resource)
            return resource;
        await ProblemAsync(context, StatusCodes.Status404NotFound, $"There is no resource '{name}'.");
        return null;
    }
}
