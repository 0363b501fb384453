using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;

namespace PhotoPlatform.ServiceDefaults;

/// <summary>Collects what is wrong with a request's fields, for one answer that names them all.</summary>
public sealed class FieldErrors
{
    private readonly Dictionary<string, string[]> _errors = [];

    /// <summary>Whether every check held so far.</summary>
    public bool None => _errors.Count == 0;

    /// <summary>Notes the message for the field when the check does not hold; a field keeps its first message.</summary>
    public void Check(string field, bool holds, string message)
    {
        if (!holds)
            _errors.TryAdd(field, [message]);
    }

    /// <summary>The 400 answer.</summary>
    public ValidationProblem ToProblem() => TypedResults.ValidationProblem(_errors);
}
