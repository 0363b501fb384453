using System.CommandLine;
using System.Text.Json;
using PhotoPlatform.Messaging.DeadLetters;

namespace PhotoPlatform.DeadLetterDesk;

/// <summary>Finds the broker.</summary>
internal static class BrokerAddress
{
    private const string DataVariable = "PHOTOPLATFORM_DATA";
    private const string BusVariable = "ConnectionStrings__bus";
    private const string Remedy = $"name the broker with --bus amqp://USER:PASSWORD@HOST:PORT or {BusVariable}";

    internal static Option<Uri?> Bus { get; } = new("--bus")
    {
        Description = $"the broker's address, amqp://USER:PASSWORD@HOST:PORT/VHOST (default: {BusVariable}, else the running platform's)",
        Recursive = true,
        CustomParser = argument => ParseAddress(argument.Tokens[0].Value) ?? Refuse(argument, "--bus is no address of a broker, such as amqp://guest:guest@localhost:5672."),
    };

    internal static Option<string> Data { get; } = new("--data")
    {
        Description = "the data folder of the running platform",
        Recursive = true,
        DefaultValueFactory = _ => Environment.GetEnvironmentVariable(DataVariable) ?? ".data",
    };

    /// <exception cref="DeskException">There is none to be found.</exception>
    internal static Uri Find(ParseResult arguments)
    {
        if (arguments.GetValue(Bus) is { } given)
            return given;
        if (Environment.GetEnvironmentVariable(BusVariable) is { Length: > 0 } configured)
            return ParseAddress(configured) ?? throw new DeskException($"{BusVariable} is no address of a broker, such as amqp://guest:guest@localhost:5672.");
        return OfPlatform(arguments.GetRequiredValue(Data));
    }

    /// <summary>The broker that the AppHost started, from what it keeps in its data folder.</summary>
    private static Uri OfPlatform(string data)
    {
        try
        {
            using var run = JsonDocument.Parse(File.ReadAllText(Path.Combine(data, "run.json")));
            if (!run.RootElement.GetProperty("ports").TryGetProperty("bus/tcp", out var port))
                throw new DeskException($"The platform of {data} uses a broker that it did not start; {Remedy}.");
            using var secrets = JsonDocument.Parse(File.ReadAllText(Path.Combine(data, "secrets.json")));
            var password = secrets.RootElement.GetProperty("Parameters:bus-password").GetString()!;
            return new Uri($"amqp://guest:{Uri.EscapeDataString(password)}@localhost:{port.GetInt32()}");
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new DeskException($"No platform runs with the data folder {data}: start it with ./run, or {Remedy}.", exception);
        }
        catch (UnauthorizedAccessException exception)
        {
            throw new DeskException($"The platform of {data} belongs to another user: ask as its owner, or {Remedy}.", exception);
        }
        catch (Exception exception) when (exception is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new DeskException($"What the platform of {data} left there is not understood: start it again with ./run, or {Remedy}.", exception);
        }
    }

    private static Uri? ParseAddress(string text) => Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Scheme is "amqp" or "amqps" && uri.Host.Length > 0 ? uri : null;

    private static Uri? Refuse(System.CommandLine.Parsing.ArgumentResult argument, string message)
    {
        argument.AddError(message);
        return null;
    }
}
