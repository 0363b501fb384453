using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using PhotoPlatform.Contracts;
using PhotoPlatform.Messaging.Outbox;
using PhotoPlatform.ServiceDefaults;
using PhotoPlatform.ServiceDefaults.Identity;
using PhotoPlatform.Users.Data;

namespace PhotoPlatform.Users.Accounts;

/// <summary><c>PATCH /api/users/me</c>: merges a change (RFC 7386) into name and profile; nothing else can be changed here, and naming it is an error.</summary>
internal static class ChangeMe
{
    internal static async Task<Results<Ok<GetMe.Response>, ValidationProblem, ProblemHttpResult, NotFound>> HandleAsync(
        [FromBody] JsonElement? patch, SignedInUser caller, HttpContext http, UsersDb db, Outbox<UsersDb> outbox, TimeProvider time, CancellationToken cancellationToken)
    {
        var errors = new FieldErrors();
        var (displayName, profile) = Read(patch ?? default, errors);
        if (!errors.None)
            return errors.ToProblem();

        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        if (await db.LockUserAsync(caller.Id, cancellationToken) is not { } user || await db.EmailOfAsync(caller.Id, cancellationToken) is not { } email)
            return TypedResults.NotFound();
        if (!ProfileTag.Allows(http.Request, user))
            return TypedResults.Problem(statusCode: StatusCodes.Status412PreconditionFailed, detail: "The profile was changed since it was read.");

        var merged = profile is { } changes ? Profile.Merge(user.Profile, changes) : user.Profile;
        errors.Check("profile", merged is not null, Profile.Bounds);
        if (!errors.None)
            return errors.ToProblem();

        if (displayName is not null && displayName != user.DisplayName)
        {
            user.DisplayName = displayName;
            user.Version++;
            outbox.Publish(new UserChanged(user.Id, user.Version, user.Handle, user.DisplayName, email, time.GetUtcNow()));
        }
        user.Profile = merged!;
        user.Revision++;
        await db.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        http.Response.GetTypedHeaders().ETag = ProfileTag.Of(user, email);
        return TypedResults.Ok(GetMe.Response.Of(user, email));
    }

    private static (string? DisplayName, JsonElement? Profile) Read(JsonElement patch, FieldErrors errors)
    {
        if (patch.ValueKind != JsonValueKind.Object)
        {
            errors.Check("", false, "Must be a JSON object.");
            return default;
        }
        string? displayName = null;
        JsonElement? profile = null;
        foreach (var property in patch.EnumerateObject())
        {
            if (property.NameEquals("displayName"))
            {
                displayName = TextOf(property.Value)?.Trim();
                errors.Check("displayName", displayName is not null && User.IsDisplayName(displayName), $"Must be 1 to {User.MaxDisplayName} characters.");
            }
            else if (property.NameEquals("profile"))
            {
                profile = property.Value;
                errors.Check("profile", property.Value.ValueKind is JsonValueKind.Object or JsonValueKind.Null, Profile.Bounds);
            }
            else
            {
                errors.Check(NameOf(property), false, "Cannot be changed here.");
            }
        }
        return (displayName, profile);
    }

    private static string? TextOf(JsonElement value)
    {
        try
        {
            return value.ValueKind == JsonValueKind.String ? value.GetString() : null;
        }
        catch (InvalidOperationException)
        {
            // An escaped half of a surrogate pair.
            return null;
        }
    }

    private static string NameOf(JsonProperty property)
    {
        try
        {
            return property.Name is { Length: <= 100 } name ? name : property.Name[..100];
        }
        catch (InvalidOperationException)
        {
            // An escaped half of a surrogate pair.
            return "";
        }
    }
}
