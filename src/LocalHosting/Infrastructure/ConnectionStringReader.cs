using System.Data.Common;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Aspire.Hosting;

namespace LocalHosting.Infrastructure;

/// <summary>Reads connection strings in the forms of the .NET drivers. Its errors name the setting, never the value, which holds a password.</summary>
internal static class ConnectionStringReader
{
    public static ExternalServer Postgres(string setting, string text)
    {
        const string Form = "a PostgreSQL connection string such as Host=db.example.com;Port=5432;Username=NAME;Password=PASSWORD";
        var parts = new DbConnectionStringBuilder();
        try
        {
            parts.ConnectionString = text;
        }
        catch (ArgumentException)
        {
            throw Malformed(setting, Form);
        }
        // Of several hosts the first is probed; the driver itself gets all of them.
        var host = Part("Host", "Server")?.Split(',')[0].Trim();
        var port = int.TryParse(Part("Port") ?? "5432", NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;
        if (IPAddress.TryParse(host, out var address) && address.AddressFamily == AddressFamily.InterNetworkV6)
            host = $"[{address}]";
        var (name, ownPort) = HostAndPort(host, port) ?? throw Malformed(setting, Form);
        return new ExternalServer
        {
            Setting = setting,
            ConnectionString = text,
            Host = name,
            Port = ownPort,
            UserName = Part("Username", "User Name", "User ID", "UserId", "User", "UID") ?? Environment.UserName,
            Password = Part("Password", "PWD", "PSW"),
            Database = Part("Database", "DB"),
        };

        string? Part(params string[] keys) =>
            keys.Select(key => parts.TryGetValue(key, out var value) ? value.ToString() : null).FirstOrDefault(value => !string.IsNullOrEmpty(value));
    }

    public static ExternalServer Redis(string setting, string text)
    {
        var parts = text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        var options = parts.Where(part => part.Contains('=', StringComparison.Ordinal)).Select(part => part.Split('=', 2))
            .ToLookup(option => option[0].Trim(), option => option[1], StringComparer.OrdinalIgnoreCase);
        var isTls = string.Equals(options["ssl"].LastOrDefault(), "true", StringComparison.OrdinalIgnoreCase);
        var (host, port) = HostAndPort(parts.FirstOrDefault(part => !part.Contains('=', StringComparison.Ordinal)), isTls ? 6380 : 6379)
            ?? throw Malformed(setting, "a Redis connection string such as cache.example.com:6379,password=PASSWORD");
        return new ExternalServer
        {
            Setting = setting,
            ConnectionString = text,
            Host = host,
            Port = port,
            UserName = options["user"].LastOrDefault(),
            Password = options["password"].LastOrDefault(),
            IsTls = isTls,
        };
    }

    public static ExternalServer RabbitMQ(string setting, string text)
    {
        if (!Uri.TryCreate(text, UriKind.Absolute, out var uri) || uri.Scheme is not ("amqp" or "amqps") || uri.Host.Length == 0)
            throw Malformed(setting, "a RabbitMQ connection string such as amqp://NAME:PASSWORD@bus.example.com:5672");
        var credentials = uri.UserInfo.Split(':', 2);
        return new ExternalServer
        {
            Setting = setting,
            ConnectionString = text,
            Host = uri.Host,
            Port = uri.IsDefaultPort ? uri.Scheme == "amqps" ? 5671 : 5672 : uri.Port,
            UserName = credentials[0].Length > 0 ? Uri.UnescapeDataString(credentials[0]) : "guest",
            Password = credentials.Length > 1 ? Uri.UnescapeDataString(credentials[1]) : "guest",
            IsTls = uri.Scheme == "amqps",
        };
    }

    private static (string Host, int Port)? HostAndPort(string? text, int defaultPort) =>
        Uri.TryCreate($"tcp://{text}", UriKind.Absolute, out var uri) && uri is { Host.Length: > 0, PathAndQuery: "" or "/", UserInfo: "" }
            && (uri.IsDefaultPort ? defaultPort : uri.Port) is var port and > 0 and <= 65535
            ? (uri.Host, port)
            : null;

    private static DistributedApplicationException Malformed(string setting, string form) => new($"The setting {setting} is not {form}; correct it, or remove it to have the server started here.");
}
