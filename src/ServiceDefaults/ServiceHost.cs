using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using PhotoPlatform.ServiceDefaults.Identity;
using PhotoPlatform.ServiceDefaults.OpenApi;
using PhotoPlatform.ServiceDefaults.Telemetry;

namespace PhotoPlatform.ServiceDefaults;

/// <summary>What every process of the platform gets with one call.</summary>
public static class ServiceHost
{
    /// <summary>A process with logs as JSON lines, traces and metrics, problem details, health checks, a clock, and limits of the web server.</summary>
    public static WebApplicationBuilder CreateService(string serviceName, string[] args)
    {
        // Settings lie beside the program, wherever it is started from.
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory });
        builder.AddTelemetry(serviceName);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxConcurrentConnections = 10_000;
            kestrel.Limits.MaxRequestBodySize = 64 * 1024;
        });
        builder.Services.Configure<Microsoft.Extensions.Hosting.HostOptions>(options => options.ShutdownTimeout = TimeSpan.FromSeconds(8));
        builder.Services.AddProblemDetails();
        // A bad request is an answer, never an exception, whatever the environment is called.
        builder.Services.Configure<RouteHandlerOptions>(options => options.ThrowOnBadRequest = false);
        builder.Services.AddHostedService<Draining>();
        builder.Services.AddHealthChecks();
        builder.Services.TryAddSingleton(TimeProvider.System);
        return builder;
    }

    /// <summary>Lets in only callers with the gateway's signed identity, <c>/health</c> and <c>/alive</c> aside; describes to it what the service offers (<c>/internal/openapi.json</c>).</summary>
    /// <param name="builder">The service.</param>
    /// <param name="audience">This service's name, which the identity must be meant for.</param>
    public static void AddInternalIdentity(this WebApplicationBuilder builder, string audience)
    {
        builder.Services.TryAddSingleton(services => IdentitySigner.FromConfiguration(builder.Configuration, services.GetRequiredService<TimeProvider>()));
        builder.Services.AddSingleton(new IdentityAudience(audience));
        builder.Services.AddHttpContextAccessor();
        builder.AddApiDocument(audience);
    }

    /// <summary>Maps <c>/alive</c> (the process answers) and <c>/health</c> (it can do its work); errors become problem details.</summary>
    public static void UseServiceDefaults(this WebApplication app)
    {
        app.UseMiddleware<RequestLog>();
        app.UseExceptionHandler(new ExceptionHandlerOptions
        {
            StatusCodeSelector = ProblemStatus.Of,
            SuppressDiagnosticsCallback = context => ProblemStatus.Of(context.Exception) < StatusCodes.Status500InternalServerError,
        });
        app.UseStatusCodePages();
        app.UseMiddleware<Utf8Json>();
        app.Use(Draining.AnswerProbeAsync);
        app.MapHealthChecks("/alive", new HealthCheckOptions { Predicate = _ => false });
        app.MapHealthChecks("/health");
        if (app.Services.GetService<IdentityAudience>() is not null)
        {
            app.UseMiddleware<InternalIdentityMiddleware>();
            app.MapApiDocument();
        }
    }
}
