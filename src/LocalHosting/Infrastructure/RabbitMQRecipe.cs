using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Aspire.Hosting.ApplicationModel;
using LocalHosting.Network;
using LocalHosting.Processes;
using LocalHosting.Values;

namespace LocalHosting.Infrastructure;

/// <summary>
/// Runs rabbitmq-server with everything of its own: node name, ports, port mapper, home directory and Erlang cookie, so that copies do not
/// meet. The user is imported at every start, so that a changed password takes effect although the data exists.
/// </summary>
internal sealed class RabbitMQRecipe(RabbitMQServerResource server) : IProcessRecipe
{
    // Not the program on PATH of Debian: that one changes the user and redirects the logs.
    private const string ProgramDirectory = "/usr/lib/rabbitmq/bin";

    public bool IsServer => true;

    public async Task<ProcessRequest> PrepareAsync(LaunchContext context, CancellationToken cancellationToken)
    {
        var program = ProgramFinder.Require("rabbitmq-server", "rabbitmq-server", ProgramDirectory);
        var directory = context.Data.File(server.Name);
        var (home, configuration, definitions, plugins) =
            (Path.Combine(directory, "home"), Path.Combine(directory, "rabbitmq.conf"), Path.Combine(directory, "definitions.json"), Path.Combine(directory, "enabled_plugins"));
        Directory.CreateDirectory(home);
        OwnerOnlyFile.Write(definitions, await DefinitionsAsync(cancellationToken));
        OwnerOnlyFile.Write(configuration, Configuration(definitions));
        await File.WriteAllTextAsync(plugins, server.ManagementEndpoint.Exists ? "[rabbitmq_management].\n" : "[].\n", cancellationToken);

        var environment = context.Environment.Where(variable => !variable.Key.StartsWith("ERL_", StringComparison.Ordinal)).ToDictionary();
        environment["HOME"] = home;
        environment["ERL_EPMD_PORT"] = OwnPort(context, "erlang-port-mapper");
        environment["ERL_EPMD_ADDRESS"] = "127.0.0.1";
        environment["ERL_CRASH_DUMP_SECONDS"] = "0";
        environment["RABBITMQ_NODENAME"] = $"{server.Name}-{context.Data.Key}@localhost";
        environment["RABBITMQ_DIST_PORT"] = OwnPort(context, "erlang-distribution");
        environment["RABBITMQ_MNESIA_BASE"] = Path.Combine(directory, "mnesia");
        environment["RABBITMQ_LOG_BASE"] = Path.Combine(directory, "log");
        environment["RABBITMQ_LOGS"] = "-";
        environment["RABBITMQ_CONFIG_FILE"] = configuration;
        environment["RABBITMQ_CONF_ENV_FILE"] = "/dev/null";
        environment["RABBITMQ_ENABLED_PLUGINS_FILE"] = plugins;
        // Loopback only, and no busy waiting: on a developer's machine an idle broker should be idle.
        environment["RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS"] = "-kernel inet_dist_use_interface {127,0,0,1} +sbwt none +sbwtdcpu none +sbwtdio none";
        return new ProcessRequest(program, context.Arguments, directory, environment) { Grace = TimeSpan.FromSeconds(20) };
    }

    private string Configuration(string definitions)
    {
        var text = new StringBuilder()
            .AppendLine(CultureInfo.InvariantCulture, $"listeners.tcp.1 = 127.0.0.1:{server.PrimaryEndpoint.Port}")
            .AppendLine("log.console = true")
            .AppendLine("log.console.level = info")
            // Each health probe is a connection that ends early; a warning for each would drown the rest.
            .AppendLine("log.connection.level = error")
            .AppendLine(CultureInfo.InvariantCulture, $"load_definitions = {definitions}");
        if (PortProbe.HasIPv6Loopback)
            text.AppendLine(CultureInfo.InvariantCulture, $"listeners.tcp.2 = ::1:{server.PrimaryEndpoint.Port}");
        if (server.ManagementEndpoint.Exists)
        {
            text.AppendLine("management.tcp.ip = 127.0.0.1")
                .AppendLine(CultureInfo.InvariantCulture, $"management.tcp.port = {server.ManagementEndpoint.Port}");
        }
        return text.ToString();
    }

    // The password as RabbitMQ keeps it: a four-byte salt, then SHA-256 over salt and password (rabbit_password_hashing_sha256).
    private async Task<string> DefinitionsAsync(CancellationToken cancellationToken)
    {
        var user = await server.UserNameReference.GetValueAsync(cancellationToken);
        var password = await server.PasswordParameter.GetValueAsync(cancellationToken) ?? "";
        var salt = RandomNumberGenerator.GetBytes(4);
        var hash = Convert.ToBase64String([.. salt, .. SHA256.HashData([.. salt, .. Encoding.UTF8.GetBytes(password)])]);
        return JsonSerializer.Serialize(new
        {
            vhosts = new[] { new { name = "/" } },
            users = new[] { new { name = user, password_hash = hash, hashing_algorithm = "rabbit_password_hashing_sha256", tags = "administrator" } },
            permissions = new[] { new { user, vhost = "/", configure = ".*", write = ".*", read = ".*" } },
        });
    }

    // Ports that only the Erlang runtime itself uses, but which must differ between copies.
    private string OwnPort(LaunchContext context, string use) => context.Ports.Get($"{server.Name}/{use}").ToString(CultureInfo.InvariantCulture);
}
