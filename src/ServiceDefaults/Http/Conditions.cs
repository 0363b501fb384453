using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace PhotoPlatform.ServiceDefaults.Http;

/// <summary>Conditions on entity tags (RFC 9110, section 13.1).</summary>
public static class Conditions
{
    /// <summary>Whether the request wants to act only on a state that is not among these.</summary>
    public static bool IfMatchFails(HttpRequest request, params ReadOnlySpan<EntityTagHeaderValue> current)
    {
        if (request.Headers.IfMatch.Count == 0)
            return false;
        foreach (var wanted in Tags(request.Headers.IfMatch))
        {
            if (wanted.Equals(EntityTagHeaderValue.Any))
                return false;
            foreach (var tag in current)
            {
                if (wanted.Compare(tag, useStrongComparison: true))
                    return false;
            }
        }
        return true;
    }

    /// <summary>Whether the caller has this state already, and so gets 304.</summary>
    public static bool IfNoneMatchFails(HttpRequest request, EntityTagHeaderValue current) =>
        Tags(request.Headers.IfNoneMatch).Any(known => known.Equals(EntityTagHeaderValue.Any) || known.Compare(current, useStrongComparison: false));

    private static IList<EntityTagHeaderValue> Tags(Microsoft.Extensions.Primitives.StringValues header) => EntityTagHeaderValue.TryParseList(header, out var tags) ? tags : [];
}
