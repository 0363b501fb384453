using Microsoft.AspNetCore.Http;

namespace PhotoPlatform.ServiceDefaults;

/// <summary>Which answer an exception that no endpoint handled becomes.</summary>
internal static class ProblemStatus
{
    private const int NoSpaceLeft = 28;

    internal static int Of(Exception exception) => exception switch
    {
        BadHttpRequestException bad => bad.StatusCode,
        IOException { HResult: NoSpaceLeft } => StatusCodes.Status507InsufficientStorage,
        OperationCanceledException => StatusCodes.Status499ClientClosedRequest,
        TimeoutException => StatusCodes.Status503ServiceUnavailable,
        System.Data.Common.DbException { IsTransient: true } => StatusCodes.Status503ServiceUnavailable,
        // EF Core wraps what its database says.
        { InnerException: { } inner } => Of(inner),
        _ => StatusCodes.Status500InternalServerError,
    };
}
