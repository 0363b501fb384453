using PhotoPlatform.Contracts;
using PhotoPlatform.Messaging;
using PhotoPlatform.Notifier.Accounts;
using PhotoPlatform.Notifier.Data;
using PhotoPlatform.Notifier.Events;
using PhotoPlatform.Notifier.Exports;
using PhotoPlatform.Notifier.Mails;
using PhotoPlatform.Notifier.Notifications;
using PhotoPlatform.ServiceDefaults;
using PhotoPlatform.ServiceDefaults.Caching;
using PhotoPlatform.ServiceDefaults.Identity;
using PhotoPlatform.ServiceDefaults.OpenApi;
using PhotoPlatform.Storage;

namespace PhotoPlatform.Notifier;

/// <summary>Mail, notifications and the live event stream; database <c>notifier</c>.</summary>
public static class NotifierWorker
{
    /// <summary>Adds what the worker needs.</summary>
    public static void AddNotifier(this WebApplicationBuilder builder)
    {
        var services = builder.Services;
        builder.AddInternalIdentity("notifier");
        builder.AddRedis();
        builder.AddStorage();
        services.AddSingleton<NotifierMetrics>();
        services.AddScoped<Account>();
        services.AddSingleton<ErasureSignal>();
        services.AddHostedService<Erasure>();
        services.AddHostedService<Retention>();

        services.AddSingleton(MailSettings.FromConfiguration(builder.Configuration));
        services.AddSingleton<MailSignal>();
        services.AddSingleton<UnsubscribeLinks>();
        services.AddSingleton<MailTexts>();
        services.AddScoped<MailQueue>();
        services.AddScoped<OptionalMails>();
        services.AddHostedService<MailSender>();

        services.AddSingleton<EventStreams>();
        services.AddHostedService(provider => provider.GetRequiredService<EventStreams>());
        services.AddSingleton<StreamEvents>();
        services.AddScoped<EventLog>();
        services.AddScoped<NotificationLog>();

        builder.AddMessaging<NotifierDb>("notifier", messaging => messaging
            .Subscribe<UserRegistered, UserRegisteredConsumer>()
            .Subscribe<UserChanged, UserChangedConsumer>()
            .Subscribe<UserDeleted, UserDeletedConsumer>()
            .Subscribe<UserFollowed, UserFollowedConsumer>()
            .Subscribe<SessionRevoked, SessionRevokedConsumer>()
            .Subscribe<MailRequested, MailRequestedConsumer>()
            .Subscribe<PhotoUploaded, PhotoUploadedConsumer>()
            .Subscribe<PhotoReady, PhotoReadyConsumer>()
            .Subscribe<PhotoUnusable, PhotoUnusableConsumer>()
            .Subscribe<PhotoDeleted, PhotoDeletedConsumer>()
            .Subscribe<ExportRequested, ExportRequestedConsumer>()
            .Publishes<ExportPartWritten>());
    }

    /// <summary>Maps its endpoints.</summary>
    public static void MapNotifier(this IEndpointRouteBuilder app)
    {
        app.MapGet("/api/events", StreamEvents.HandleAsync).RequireUser().WithTags("events").WithName("StreamEvents").TakesHeader("Last-Event-ID", "The last event that was seen: what came after it is sent first.").WithSummary("My events as they happen (server-sent events)")
            .Produces(StatusCodes.Status200OK, contentType: "text/event-stream");

        var notifications = app.MapGroup("/api/notifications").RequireUser().WithTags("notifications");
        notifications.MapGet("", ListNotifications.HandleAsync).WithName("ListNotifications").TakesHeader("If-None-Match", "The tag of what is known: unchanged, it is 304.").GivesHeader("ETag", "The tag of the page.").WithSummary("What I was told, newest first");
        notifications.MapPost("/read", MarkRead.UpToAsync).WithName("MarkNotificationsRead").WithSummary("Marks all up to one as read");
        notifications.MapPost("/{id:long}/read", MarkRead.OneAsync).WithName("MarkNotificationRead").WithSummary("Marks one as read");
        notifications.MapGet("/mail-preferences", Preferences.GetAsync).WithName("GetMailPreferences").WithSummary("Which mails I want");
        notifications.MapPut("/mail-preferences", Preferences.PutAsync).WithName("PutMailPreferences").WithSummary("Says which mails I want");

        var mail = app.MapGroup("/api/mail").WithTags("mail");
        mail.MapGet("/unsubscribe", Unsubscribe.Get).WithName("OpenUnsubscribePage").WithSummary("Leads to the page that ends mails of one kind");
        mail.MapPost("/unsubscribe", Unsubscribe.PostAsync).WithName("Unsubscribe").WithSummary("Ends mails of one kind (RFC 8058), without a session");
        app.MapGet("/internal/mails", MailState.GetAsync).WithTags("mail").WithName("GetMailState").WithSummary("Mails that wait, and those that were given up");
        app.MapMessaging();
    }
}
