/// <summary>What the command line says of the platform.</summary>
/// <param name="Data">The folder for its files; where it is deployed, a volume that all services share.</param>
/// <param name="GatewayPort">The port of its public address.</param>
/// <param name="Replicas">How many there are of each service and worker.</param>
internal sealed record PlatformSettings(string Data, int GatewayPort, int Replicas)
{
    /// <exception cref="DistributedApplicationException">A setting is missing or wrong.</exception>
    public static PlatformSettings From(IDistributedApplicationBuilder builder)
    {
        var data = builder.ExecutionContext.IsPublishMode ? "/data" : builder.Configuration["data"];
        var port = builder.Configuration["gateway-port"] ?? "8080";
        return new PlatformSettings(
            data ?? throw new DistributedApplicationException("The setting 'data' is missing: it names the folder for the platform's files."),
            ushort.TryParse(port, out var number) && number > 0 ? number : throw new DistributedApplicationException($"gateway-port is '{port}', which is not a port."),
            builder.Configuration["topology"] switch
            {
                null or "single" => 1,
                "scaled" => 2,
                var other => throw new DistributedApplicationException($"There is no topology '{other}'; there are single and scaled."),
            });
    }
}
