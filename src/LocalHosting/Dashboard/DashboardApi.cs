using System.Globalization;
using Aspire.Hosting.ApplicationModel;
using LocalHosting.Running;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace LocalHosting.Dashboard;

/// <summary>What the page shows of one resource or replica. Times are UTC. No environment variables: they hold secrets.</summary>
internal sealed record ResourceView(string Name, string Type, string? Parent, string State, string? Health, string? Reason, IReadOnlyList<UrlSnapshot> Urls, int? Pid, int? ExitCode,
    int Restarts, bool IsReplicated, int Replicas, DateTime? StartedAt, IReadOnlyList<CommandView> Commands);

internal sealed record CommandView(string Name, string DisplayName, string? Confirmation, bool IsEnabled);

internal sealed record LogView(int Number, DateTimeOffset At, string Text, bool IsError);

/// <summary>The dashboard's page, if there is one, and what it shows.</summary>
internal sealed class DashboardApi(DistributedApplicationModel model, ResourceNotificationService notifications, ResourceLoggerService loggers,
    ResourceCommandService commands, RunSettings settings)
{
    private const int LogLines = 1000;

    public void Map(IEndpointRouteBuilder routes)
    {
        if (settings.DashboardPort is not null)
            MapPage(routes);
        routes.MapGet("/api/resources", context => ApiAnswer.WriteAsync(context, new
        {
            application = settings.ApplicationName,
            resources = model.WithReplicas.Where(IsShown).Select(View).ToArray(),
        }));
        routes.MapGet("/api/resources/{name}/logs", LogsAsync);
    }

    private static void MapPage(IEndpointRouteBuilder routes)
    {
        using var reader = new StreamReader(typeof(DashboardApi).Assembly.GetManifestResourceStream("dashboard.html")!);
        var page = reader.ReadToEnd();
        routes.MapGet("/", context =>
        {
            context.Response.ContentType = "text/html; charset=utf-8";
            return context.Response.WriteAsync(page);
        });
    }

    private async Task LogsAsync(HttpContext context)
    {
        if (await ApiAnswer.FindAsync(context, model) is not { } resource)
            return;
        var after = int.TryParse(context.Request.Query["after"], CultureInfo.InvariantCulture, out var number) ? number : 0;
        var lines = loggers.Log(resource.Name).Tail(LogLines).Where(line => line.Number > after).Select(line => new LogView(line.Number, line.At, line.Text, line.IsError));
        await ApiAnswer.WriteAsync(context, lines.ToArray());
    }

    private bool IsShown(IResource resource) => !notifications.Snapshot(resource).IsHidden;

    private ResourceView View(IResource resource)
    {
        var snapshot = notifications.Snapshot(resource);
        var parent = (resource as ReplicaResource)?.Project ?? resource.ParentOf() ?? resource.Annotations.OfType<ResourceRelationshipAnnotation>().LastOrDefault(edge => edge.Type == "Parent")?.Resource;
        return new ResourceView(resource.Name, snapshot.ResourceType, parent?.Name, snapshot.State?.Text ?? "", snapshot.HealthStatus?.ToString(), Reason(snapshot), snapshot.Urls,
            snapshot.Property(RuntimeProperties.Pid) as int?, snapshot.ExitCode, snapshot.Property(RuntimeProperties.Restarts) as int? ?? 0, resource.IsReplicated(), resource.Replicas().Count, snapshot.StartTimeStamp,
            [.. resource.Annotations.OfType<ResourceCommandAnnotation>().Select(command => (Command: command, State: commands.State(resource, command)))
                .Where(entry => entry.State != ResourceCommandState.Hidden)
                .Select(entry => new CommandView(entry.Command.Name, entry.Command.DisplayName, entry.Command.ConfirmationMessage, entry.State == ResourceCommandState.Enabled))]);
    }

    private static string? Reason(CustomResourceSnapshot snapshot) =>
        snapshot.Failure?.Message
        ?? (snapshot.Property(RuntimeProperties.WaitingFor) is string waiting ? $"waiting for {waiting}" : null)
        ?? snapshot.HealthReports.FirstOrDefault(report => report.Status is not (null or HealthStatus.Healthy))?.Description;
}
