using System.Globalization;
using System.Text.Json;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using LocalHosting.Running;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace LocalHosting.Dashboard;

/// <summary>What other programs may ask of the running application: its commands, how many replicas there shall be, and where they are.</summary>
internal sealed class ControlApi(DistributedApplicationModel model, ResourceCommandService commands, Scaling scaling, RunningAddresses addresses, TimeProvider time)
{
    private static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(15);

    /// <param name="routes">Where to map.</param>
    /// <param name="stopping">Ends what would otherwise never end.</param>
    public void Map(IEndpointRouteBuilder routes, CancellationToken stopping)
    {
        routes.MapGet("/api/resources/{name}/addresses", context => AddressesAsync(context, stopping));
        routes.MapPost("/api/resources/{name}/scale", ScaleAsync);
        routes.MapPost("/api/resources/{name}/{command}", ExecuteAsync);
    }

    private async Task ExecuteAsync(HttpContext context)
    {
        if (await ApiAnswer.FindAsync(context, model) is not { } resource)
            return;
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
        if (result.Success)
            await ApiAnswer.WriteAsync(context, new { success = true });
        else
            await ApiAnswer.ProblemAsync(context, StatusCodes.Status409Conflict, result.ErrorMessage ?? $"'{name}' of '{resource.Name}' was cancelled.");
    }

    private async Task ScaleAsync(HttpContext context)
    {
        if (await ApiAnswer.FindAsync(context, model) is not { } resource)
            return;
        var text = context.Request.Query["replicas"].ToString();
        if (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var replicas) || replicas > ReplicasAnnotation.Most)
        {
            await ApiAnswer.ProblemAsync(context, StatusCodes.Status400BadRequest, $"replicas is '{text}'; {resource.Name} can have 0 to {ReplicasAnnotation.Most}.");
            return;
        }
        try
        {
            await scaling.ScaleAsync(resource, replicas);
            await ApiAnswer.WriteAsync(context, new { success = true, replicas });
        }
        catch (DistributedApplicationException exception)
        {
            await ApiAnswer.ProblemAsync(context, StatusCodes.Status409Conflict, exception.Message);
        }
    }

    /// <summary>Server-sent events: the addresses of the processes that run, at once and after every change; a comment every 15 s says that the connection lives.</summary>
    private async Task AddressesAsync(HttpContext context, CancellationToken stopping)
    {
        if (await ApiAnswer.FindAsync(context, model) is not { } resource)
            return;
        var endpoint = context.Request.Query["endpoint"] is [{ Length: > 0 } given] ? given : "http";
        if (resource is not IResourceWithEndpoints owner || !owner.GetEndpoint(endpoint).Exists)
        {
            await ApiAnswer.ProblemAsync(context, StatusCodes.Status404NotFound, $"Resource '{resource.Name}' has no endpoint '{endpoint}'.");
            return;
        }
        using var end = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, stopping);
        context.Response.ContentType = "text/event-stream";
        var lists = addresses.WatchAsync(resource, endpoint, end.Token).GetAsyncEnumerator(end.Token);
        var next = lists.MoveNextAsync().AsTask();
        try
        {
            while (true)
            {
                string text;
                try
                {
                    if (!await next.WaitAsync(Heartbeat, time, end.Token))
                        return;
                    text = $"data: {JsonSerializer.Serialize(new { addresses = lists.Current })}\n\n";
                    next = lists.MoveNextAsync().AsTask();
                }
                catch (TimeoutException)
                {
                    text = ": still here\n\n";
                }
                await context.Response.WriteAsync(text, end.Token);
                await context.Response.Body.FlushAsync(end.Token);
            }
        }
        catch (OperationCanceledException) when (end.IsCancellationRequested)
        {
            // The reader has left, or the application stops.
        }
        finally
        {
            // It must not be disposed in the middle of a step.
            await end.CancelAsync();
            await ((Task)next).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await lists.DisposeAsync();
        }
    }
}
