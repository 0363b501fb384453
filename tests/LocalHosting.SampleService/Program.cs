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
var app = builder.Build();
var isHealthy = !args.Contains("sick");
app.MapGet("/health", () => isHealthy ? Results.Ok() : Results.StatusCode(503));
app.MapGet("/pid", () => Environment.ProcessId);
app.MapGet("/environment", () => Environment.GetEnvironmentVariables());
app.MapPost("/crash", () => Environment.FailFast("as told"));
app.Run();
return 0;
