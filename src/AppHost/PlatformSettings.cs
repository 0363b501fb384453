/// <summary>What the command line says of the platform.</summary>
/// <param name="Data">The folder for its files. The embedded runtime says which; with real Aspire it is <c>.data</c> in the repository unless <c>--data DIR</c> is given.</param>
/// <param name="GatewayPort">The port of its public address.</param>
/// <param name="Replicas">How many there are of each service and worker.</param>
internal sealed record PlatformSettings(string Data, int GatewayPort, int Replicas)
{
    /// <exception cref="DistributedApplicationException">A setting is wrong.</exception>
    public static PlatformSettings From(IDistributedApplicationBuilder builder)
    {
        var port = builder.Configuration["gateway-port"] ?? "8080";
        return new PlatformSettings(
            builder.Configuration["data"] ?? Path.GetFullPath("../../.data", builder.AppHostDirectory),
            ushort.TryParse(port, out var number) && number > 0 ? number : throw new DistributedApplicationException($"gateway-port is '{port}', which is not a port."),
            builder.Configuration["topology"] switch
            {
                null or "single" => 1,
                "scaled" => 2,
                var other => throw new DistributedApplicationException($"There is no topology '{other}'; there are single and scaled."),
            });
    }
}
