using PhotoPlatform.Contracts;
using PhotoPlatform.Messaging;
using PhotoPlatform.ServiceDefaults.Caching;
using PhotoPlatform.ServiceDefaults;
using PhotoPlatform.ServiceDefaults.Identity;
using PhotoPlatform.Users.Accounts;
using PhotoPlatform.Users.Data;
using PhotoPlatform.Users.Sessions;

namespace PhotoPlatform.Users;

/// <summary>Accounts and sessions; database <c>users</c>.</summary>
public static class UsersService
{
    /// <summary>Adds what the service needs.</summary>
    public static void AddUsers(this WebApplicationBuilder builder)
    {
        builder.AddInternalIdentity("users");
        builder.AddRedis();
        builder.Services.AddSingleton<SessionCache>();
        builder.Services.AddSingleton(SessionCookie.FromConfiguration(builder.Configuration));
        builder.AddMessaging<UsersDb>("users", messaging => messaging
            .Publishes<UserRegistered>()
            .Publishes<MailRequested>());
    }

    /// <summary>Maps its endpoints.</summary>
    public static void MapUsers(this IEndpointRouteBuilder app)
    {
        app.MapPost("/api/users", SignUp.HandleAsync);
        app.MapGet("/api/users/me", GetMe.HandleAsync).RequireUser();
        app.MapPost("/api/sessions", SignIn.HandleAsync);
        app.MapDelete("/api/sessions/current", SignOut.HandleAsync).RequireUser();
        app.MapPost("/internal/sessions/resolve", ResolveToken.HandleAsync);
        app.MapMessaging();
    }
}
