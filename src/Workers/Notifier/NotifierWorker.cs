using PhotoPlatform.Contracts;
using PhotoPlatform.Messaging;
using PhotoPlatform.Notifier.Data;
using PhotoPlatform.Notifier.Events;
using PhotoPlatform.Notifier.Mails;
using PhotoPlatform.ServiceDefaults;
using PhotoPlatform.ServiceDefaults.Caching;
using PhotoPlatform.ServiceDefaults.Identity;

namespace PhotoPlatform.Notifier;

/// <summary>Mail and the live event stream; database <c>notifier</c>.</summary>
public static class NotifierWorker
{
    /// <summary>Adds what the worker needs.</summary>
    public static void AddNotifier(this WebApplicationBuilder builder)
    {
        builder.AddInternalIdentity("notifier");
        builder.AddRedis();
        builder.Services.AddSingleton(MailSettings.FromConfiguration(builder.Configuration));
        builder.Services.AddSingleton<MailSignal>();
        builder.Services.AddScoped<MailQueue>();
        builder.Services.AddHostedService<MailSender>();
        builder.Services.AddSingleton<EventStreams>();
        builder.Services.AddHostedService(services => services.GetRequiredService<EventStreams>());
        builder.Services.AddScoped<EventLog>();
        builder.Services.AddHostedService<EventRetention>();
        builder.AddMessaging<NotifierDb>("notifier", messaging => messaging
            .Subscribe<UserRegistered, UserRegisteredConsumer>()
            .Subscribe<MailRequested, MailRequestedConsumer>()
            .Subscribe<PhotoReady, PhotoReadyConsumer>()
            .Subscribe<PhotoUnusable, PhotoUnusableConsumer>()
            .Subscribe<PhotoDeleted, PhotoDeletedConsumer>());
    }

    /// <summary>Maps its endpoints.</summary>
    public static void MapNotifier(this IEndpointRouteBuilder app)
    {
        app.MapGet("/api/events", StreamEvents.HandleAsync).RequireUser();
        app.MapMessaging();
    }
}
