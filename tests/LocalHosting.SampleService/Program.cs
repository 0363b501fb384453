using LocalHosting.SampleService;

// A service that does what a test tells it: `exit N` ends at once, `print` writes what it was started with, anything else answers HTTP.
if (args is ["exit", var code])
{
    Console.Error.WriteLine($"ending with {code}");
    return int.Parse(code, System.Globalization.CultureInfo.InvariantCulture);
}

if (args.Contains("print"))
{
    foreach (System.Collections.DictionaryEntry variable in Environment.GetEnvironmentVariables())
        Console.WriteLine($"{variable.Key}={variable.Value}");
    Console.WriteLine($"arguments={string.Join('|', args)}");
    return 0;
}

var builder = WebApplication.CreateSlimBuilder(args);
if (args.Contains("drain"))
    builder.Services.AddHostedService<Draining>();
if (builder.Configuration["RAW_PORT"] is { } port)
    builder.Services.AddHostedService(_ => new RawServer(int.Parse(port, System.Globalization.CultureInfo.InvariantCulture)));
var app = builder.Build();
var isHealthy = !args.Contains("sick");
app.Use((context, next) =>
{
    // Who drains says with each answer that its connection ends, so that no client sends into one that is being closed.
    if (app.Lifetime.ApplicationStopping.IsCancellationRequested)
        context.Response.Headers.Connection = "close";
    return next(context);
});
app.MapGet("/health", () => isHealthy ? Results.Ok() : Results.StatusCode(503));
app.MapGet("/pid", () => Environment.ProcessId);
app.MapPost("/pid", () => Environment.ProcessId);
app.MapGet("/environment", () => Environment.GetEnvironmentVariables());
app.MapPost("/crash", () => Environment.FailFast("as told"));
app.Run();
return 0;
