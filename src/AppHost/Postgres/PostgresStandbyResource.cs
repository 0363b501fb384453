namespace PhotoPlatform.AppHost.Postgres;

/// <summary>A PostgreSQL server that follows another one and answers reads, until it is promoted and answers everything.</summary>
internal sealed class PostgresStandbyResource(string name, string command, string workingDirectory, PostgresServerResource primary)
    : ExecutableResource(name, command, workingDirectory), IResourceWithConnectionString
{
    public PostgresServerResource Primary => primary;

    public EndpointReference PrimaryEndpoint => new(this, "tcp");

    /// <summary>Roles and passwords are the primary's, as everything else.</summary>
    public ReferenceExpression UserName => primary.UserNameParameter is { } user ? ReferenceExpression.Create($"{user}") : ReferenceExpression.Create($"postgres");

    public ReferenceExpression ConnectionStringExpression => ReferenceExpression.Create(
        $"Host={PrimaryEndpoint.Property(EndpointProperty.Host)};Port={PrimaryEndpoint.Property(EndpointProperty.Port)};Username={UserName};Password={primary.PasswordParameter}");

    /// <summary>What was last heard: it no longer follows the primary.</summary>
    public bool IsPromoted { get; set; }
}

/// <summary>A database on a standby: the primary's, as it arrives.</summary>
internal sealed class PostgresStandbyDatabaseResource(string name, string databaseName, PostgresStandbyResource standby)
    : Resource(name), IResourceWithParent<PostgresStandbyResource>, IResourceWithConnectionString
{
    public PostgresStandbyResource Parent => standby;

    public ReferenceExpression ConnectionStringExpression => ReferenceExpression.Create($"{Parent.ConnectionStringExpression};Database={databaseName}");
}
