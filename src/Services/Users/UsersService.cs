using PhotoPlatform.Contracts;
using PhotoPlatform.Messaging;
using PhotoPlatform.ServiceDefaults;
using PhotoPlatform.ServiceDefaults.Caching;
using PhotoPlatform.ServiceDefaults.Identity;
using PhotoPlatform.ServiceDefaults.OpenApi;
using PhotoPlatform.Storage;
using PhotoPlatform.Users.Accounts;
using PhotoPlatform.Users.Avatars;
using PhotoPlatform.Users.Background;
using PhotoPlatform.Users.Closing;
using PhotoPlatform.Users.Data;
using PhotoPlatform.Users.Exports;
using PhotoPlatform.Users.Follows;
using PhotoPlatform.Users.Passwords;
using PhotoPlatform.Users.Sessions;

namespace PhotoPlatform.Users;

/// <summary>Accounts, sessions, profiles and follows; database <c>users</c>.</summary>
public static class UsersService
{
    /// <summary>Adds what the service needs.</summary>
    public static void AddUsers(this WebApplicationBuilder builder)
    {
        builder.AddInternalIdentity("users");
        builder.AddRedis();
        builder.AddStorage();
        builder.Services.AddSingleton<SessionCache>();
        builder.Services.AddSingleton(SessionCookie.FromConfiguration(builder.Configuration));
        // Made by the container, so that it ends with it.
        builder.Services.AddSingleton(_ => PasswordGate.FromConfiguration(builder.Configuration));
        builder.Services.AddScoped<Throttling>();
        builder.Services.AddScoped<PasswordCheck>();
        builder.Services.AddScoped<NewPassword>();
        builder.Services.AddJob<ExportBuilder>();
        builder.Services.AddJob<AccountCloser>();
        builder.Services.AddJob<Housekeeping>();
        builder.AddMessaging<UsersDb>("users", messaging => messaging
            .Publishes<UserRegistered>()
            .Publishes<UserChanged>()
            .Publishes<UserDeleted>()
            .Publishes<UserFollowed>()
            .Publishes<SessionRevoked>()
            .Publishes<MailRequested>()
            .Publishes<ExportRequested>()
            .Receive<SendPasswordReset, PasswordResetConsumer>(SendPasswordReset.Queue, prefetch: 16, concurrency: 4)
            .Subscribe<PhotoReady, PhotoReadyConsumer>()
            .Subscribe<PhotoDeleted, PhotoDeletedConsumer>()
            .Subscribe<ExportPartWritten, ExportPartWrittenConsumer>());
    }

    /// <summary>Maps its endpoints.</summary>
    public static void MapUsers(this IEndpointRouteBuilder app)
    {
        app.MapAccounts();
        app.MapFollows();
        app.MapExports();
        app.MapSessions();
        app.MapMessaging();
    }

    private static void MapAccounts(this IEndpointRouteBuilder app)
    {
        app.MapPost("/api/users", SignUp.HandleAsync).ChecksPasswords()
            .Describe("SignUp", "Creates an account", "users", StatusCodes.Status409Conflict);
        app.MapGet("/api/users/me", GetMe.HandleAsync).RequireUser().Produces(StatusCodes.Status304NotModified)
            .TakesHeader("If-None-Match", "The tag of what is known: unchanged, it is 304.").GivesHeader("ETag", "The tag of the account as it is now.")
            .Describe("GetMe", "The signed-in user", "users", StatusCodes.Status401Unauthorized);
        app.MapPatch("/api/users/me", ChangeMe.HandleAsync).RequireUser()
            .TakesHeader("If-Match", "The tag of the account that was read: what has changed since is 412.").GivesHeader("ETag", "The tag of the account as it is now.")
            .Describe("ChangeMe", "Merges a change into name and profile", "users", StatusCodes.Status401Unauthorized, StatusCodes.Status412PreconditionFailed);
        app.MapDelete("/api/users/me", CloseAccount.HandleAsync).RequireUser().ChecksPasswords()
            .Describe("CloseAccount", "Ends the account and removes all that belongs to it", "users",
                StatusCodes.Status401Unauthorized, StatusCodes.Status403Forbidden, StatusCodes.Status409Conflict, StatusCodes.Status429TooManyRequests);
        app.MapPost("/api/users/me/email", ChangeEmail.HandleAsync).RequireUser().ChecksPasswords()
            .Describe("ChangeEmail", "Asks for another e-mail address, which a mail to it confirms", "users",
                StatusCodes.Status401Unauthorized, StatusCodes.Status403Forbidden, StatusCodes.Status429TooManyRequests);
        app.MapPost("/api/email-confirmations", ConfirmEmail.HandleAsync)
            .Describe("ConfirmEmail", "Confirms an e-mail address with the token from the mail", "users", StatusCodes.Status422UnprocessableEntity);
        app.MapPut("/api/users/me/password", ChangePassword.HandleAsync).RequireUser().ChecksPasswords()
            .Describe("ChangePassword", "Sets a new password and ends every other session", "users",
                StatusCodes.Status401Unauthorized, StatusCodes.Status403Forbidden, StatusCodes.Status409Conflict, StatusCodes.Status429TooManyRequests);
        app.MapPost("/api/password-resets", AskForReset.HandleAsync)
            .Describe("AskForPasswordReset", "Asks for a mail with the way to a new password", "users");
        app.MapPost("/api/password-resets/complete", CompleteReset.HandleAsync).ChecksPasswords()
            .Describe("CompletePasswordReset", "Sets a new password with the token from the mail and ends every session", "users", StatusCodes.Status422UnprocessableEntity);
        app.MapGet("/api/users/{handle}", GetUser.HandleAsync).Produces(StatusCodes.Status304NotModified)
            .TakesHeader("If-None-Match", "The tag of what is known: unchanged, it is 304.").GivesHeader("ETag", "The tag of the profile as it is now.")
            .Describe("GetUser", "What everybody may know of a user", "users");
    }

    private static void MapFollows(this IEndpointRouteBuilder app)
    {
        app.MapPut("/api/users/{handle}/follow", FollowUser.HandleAsync).RequireUser()
            .Describe("FollowUser", "Follows a user", "follows", StatusCodes.Status401Unauthorized, StatusCodes.Status422UnprocessableEntity);
        app.MapDelete("/api/users/{handle}/follow", FollowUser.UndoAsync).RequireUser()
            .Describe("UnfollowUser", "Follows a user no more", "follows", StatusCodes.Status401Unauthorized);
        app.MapGet("/api/users/{handle}/followers", ListFollows.FollowersAsync)
            .Describe("ListFollowers", "Who follows a user, newest first", "follows");
        app.MapGet("/api/users/{handle}/following", ListFollows.FollowingAsync)
            .Describe("ListFollowing", "Whom a user follows, newest first", "follows");
    }

    private static void MapExports(this IEndpointRouteBuilder app)
    {
        app.MapPost("/api/users/me/exports", RequestExport.HandleAsync).RequireUser()
            .Describe("RequestExport", "Asks for an archive of all one's data", "exports", StatusCodes.Status401Unauthorized, StatusCodes.Status429TooManyRequests);
        app.MapGet("/api/users/me/exports", RequestExport.ListAsync).RequireUser()
            .Describe("ListExports", "One's exports, newest first", "exports", StatusCodes.Status401Unauthorized);
        app.MapGet("/api/users/me/exports/{id:guid}", RequestExport.GetAsync).RequireUser()
            .Describe("GetExport", "How far an export is", "exports", StatusCodes.Status401Unauthorized);
        app.MapMethods("/api/users/me/exports/{id:guid}/file", [HttpMethods.Get, HttpMethods.Head], DownloadExport.HandleAsync).RequireUser()
            .Produces(StatusCodes.Status200OK, contentType: "application/zip").Produces(StatusCodes.Status206PartialContent, contentType: "application/zip").Produces(StatusCodes.Status304NotModified)
            .Describe("DownloadExport", "The archive, or one range of it", "exports",
                StatusCodes.Status401Unauthorized, StatusCodes.Status409Conflict, StatusCodes.Status410Gone, StatusCodes.Status416RangeNotSatisfiable);
    }

    private static void MapSessions(this IEndpointRouteBuilder app)
    {
        app.MapPost("/api/sessions", SignIn.HandleAsync).ChecksPasswords()
            .Describe("SignIn", "Signs in with e-mail address and password", "sessions", StatusCodes.Status401Unauthorized, StatusCodes.Status429TooManyRequests);
        app.MapGet("/api/sessions", ListSessions.HandleAsync).RequireUser()
            .Describe("ListSessions", "One's live sessions, newest first", "sessions", StatusCodes.Status401Unauthorized);
        app.MapDelete("/api/sessions", EndSessions.AllAsync).RequireUser()
            .Describe("EndSessions", "Ends every session but this one, or with all=true every one", "sessions", StatusCodes.Status401Unauthorized);
        app.MapDelete("/api/sessions/current", SignOut.HandleAsync).RequireUser()
            .Describe("SignOut", "Ends this session", "sessions", StatusCodes.Status401Unauthorized);
        app.MapDelete("/api/sessions/{id:guid}", EndSessions.OneAsync).RequireUser()
            .Describe("EndSession", "Ends one session", "sessions", StatusCodes.Status401Unauthorized);
        app.MapPost("/internal/sessions/resolve", ResolveToken.HandleAsync).ExcludeFromDescription();
    }

    /// <summary>What the description of the API says of an endpoint beside its types.</summary>
    private static void Describe(this RouteHandlerBuilder endpoint, string name, string summary, string tag, params ReadOnlySpan<int> problems)
    {
        endpoint.WithName(name).WithSummary(summary).WithTags(tag);
        foreach (var status in problems)
            endpoint.ProducesProblem(status);
    }
}
