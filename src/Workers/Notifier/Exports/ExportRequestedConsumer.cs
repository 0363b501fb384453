using System.Text.Encodings.Web;
using System.Text.Json;
using MassTransit;
using Microsoft.EntityFrameworkCore;
using PhotoPlatform.Contracts;
using PhotoPlatform.Messaging.Outbox;
using PhotoPlatform.Notifier.Accounts;
using PhotoPlatform.Notifier.Data;
using PhotoPlatform.Notifier.Notifications;
using PhotoPlatform.Storage;

namespace PhotoPlatform.Notifier.Exports;

/// <summary>Writes what Notifier holds of a user for their export. A second run writes the same blobs.</summary>
internal sealed class ExportRequestedConsumer(Account account, NotifierDb db, IBlobStore blobs, Outbox<NotifierDb> outbox) : IConsumer<ExportRequested>
{
    private static readonly JsonSerializerOptions Readable = new(JsonSerializerOptions.Web) { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public async Task Consume(ConsumeContext<ExportRequested> context)
    {
        var (export, cancellationToken) = (context.Message, context.CancellationToken);
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        if (!await account.IsOpenAsync(export.UserId, cancellationToken))
            return;
        var notifications = await db.Notifications.AsNoTracking().Where(row => row.UserId == export.UserId).OrderByDescending(row => row.Id).Take(NotificationLog.MaxPerUser).ToListAsync(cancellationToken);
        var preferences = await db.MailPreferences.AsNoTracking().SingleOrDefaultAsync(row => row.UserId == export.UserId, cancellationToken);

        var folder = $"exports/{export.ExportId:D}/notifier";
        await WriteAsync($"{folder}/notifications.json", notifications.Select(row => new { row.Type, row.At, row.ReadAt, Data = JsonSerializer.Deserialize<JsonElement>(row.Payload) }));
        await WriteAsync($"{folder}/preferences.json", new { Mail = new { Followed = preferences?.Followed ?? true, PhotoProblems = preferences?.PhotoProblems ?? true } });
        await WriteAsync($"{folder}/manifest.json", new ExportManifest(
            [new ExportFile("notifications.json", $"{folder}/notifications.json"), new ExportFile("notification-preferences.json", $"{folder}/preferences.json")]));
        outbox.Publish(new ExportPartWritten(export.ExportId, export.UserId, "notifier", $"{folder}/manifest.json"));
        await db.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);

        async Task WriteAsync<T>(string key, T value) => await blobs.WriteAsync(key, JsonSerializer.SerializeToUtf8Bytes(value, Readable), cancellationToken);
    }
}
