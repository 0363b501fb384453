using System.Globalization;
using System.Text.Json;
using Aspire.Hosting.ApplicationModel;
using LocalHosting.Running;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace LocalHosting.Dashboard;

/// <summary>What the page shows of one resource or replica. Times are UTC. No environment variables: they hold secrets.</summary>
internal sealed record ResourceView(string Name, string Type, string? Parent, string State, string? Health, string? Reason, IReadOnlyList<UrlSnapshot> Urls, int? Pid, int? ExitCode,
    int Restarts, int Replicas, DateTime? StartedAt, IReadOnlyList<CommandView> Commands);

internal sealed record CommandView(string Name, string DisplayName, string? Confirmation, bool IsEnabled);

internal sealed record LogView(int Number, DateTimeOffset At, string Text, bool IsError);

/// <summary>The dashboard's page and the API behind it.</summary>
internal sealed class DashboardApi(DistributedApplicationModel model, ResourceNotificationService notifications, ResourceLoggerService loggers,
    ResourceCommandService commands, RunSettings settings)
{
    private const int LogLines = 1000;
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    public void Map(IEndpointRouteBuilder routes)
    {
        using var reader = new StreamReader(typeof(DashboardApi).Assembly.GetManifestResourceStream("dashboard.html")!);
        var page = reader.ReadToEnd();
        routes.MapGet("/", context =>
        {
            context.Response.ContentType = "text/html; charset=utf-8";
            return context.Response.WriteAsync(page);
        });
        routes.MapGet("/api/resources", context =>
            WriteAsync(context, new { application = settings.ApplicationName, resources = model.WithReplicas.Where(IsShown).Select(View).ToArray() }));
        routes.MapGet("/api/resources/{name}/logs", LogsAsync);
        routes.MapPost("/api/resources/{name}/{command}", ExecuteAsync);
    }

    private async Task LogsAsync(HttpContext context)
    {
        if (Find(context) is not { } resource)
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            return;
        }
        var after = int.TryParse(context.Request.Query["after"], CultureInfo.InvariantCulture, out var number) ? number : 0;
        var lines = loggers.Log(resource.Name).Tail(LogLines).Where(line => line.Number > after).Select(line => new LogView(line.Number, line.At, line.Text, line.IsError));
        await WriteAsync(context, lines.ToArray());
    }

    private async Task ExecuteAsync(HttpContext context)
    {
        if (Find(context) is not { } resource)
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            return;
        }
        var name = (string)context.Request.RouteValues["command"]!;
        var command = name switch
        {
            "start" => KnownResourceCommands.StartCommand,
            "stop" => KnownResourceCommands.StopCommand,
            "restart" => KnownResourceCommands.RestartCommand,
            _ => name,
        };
        // Not the request's token: a closed page must not leave a restart half done.
        var result = await commands.ExecuteCommandAsync(resource, command, CancellationToken.None);
        if (!result.Success)
            context.Response.StatusCode = StatusCodes.Status409Conflict;
        await WriteAsync(context, new { success = result.Success, error = result.ErrorMessage });
    }

    private IResource? Find(HttpContext context) => model.Find((string)context.Request.RouteValues["name"]!);

    private bool IsShown(IResource resource) => !notifications.Snapshot(resource).IsHidden;

    private ResourceView View(IResource resource)
    {
        var snapshot = notifications.Snapshot(resource);
        var parent = (resource as ReplicaResource)?.Project ?? resource.ParentOf() ?? resource.Annotations.OfType<ResourceRelationshipAnnotation>().LastOrDefault(edge => edge.Type == "Parent")?.Resource;
        return new ResourceView(resource.Name, snapshot.ResourceType, parent?.Name, snapshot.State?.Text ?? "", snapshot.HealthStatus?.ToString(), Reason(snapshot), snapshot.Urls,
            snapshot.Property(RuntimeProperties.Pid) as int?, snapshot.ExitCode, snapshot.Property(RuntimeProperties.Restarts) as int? ?? 0, resource.Replicas().Count, snapshot.StartTimeStamp,
            [.. resource.Annotations.OfType<ResourceCommandAnnotation>().Select(command => (Command: command, State: commands.State(resource, command)))
                .Where(entry => entry.State != ResourceCommandState.Hidden)
                .Select(entry => new CommandView(entry.Command.Name, entry.Command.DisplayName, entry.Command.ConfirmationMessage, entry.State == ResourceCommandState.Enabled))]);
    }

    private static string? Reason(CustomResourceSnapshot snapshot) =>
        snapshot.Failure?.Message
        ?? (snapshot.Property(RuntimeProperties.WaitingFor) is string waiting ? $"waiting for {waiting}" : null)
        ?? snapshot.HealthReports.FirstOrDefault(report => report.Status is not (null or HealthStatus.Healthy))?.Description;

    private static Task WriteAsync<T>(HttpContext context, T value) => context.Response.WriteAsJsonAsync(value, Json);
}
