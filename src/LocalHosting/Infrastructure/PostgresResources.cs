using LocalHosting.Infrastructure;

namespace Aspire.Hosting.ApplicationModel;

/// <summary>A PostgreSQL server.</summary>
public class PostgresServerResource(string name, ParameterResource? userName, ParameterResource password)
    : ContainerResource(name), IResourceWithConnectionString
{
    private readonly List<PostgresDatabaseResource> _databases = [];

    public EndpointReference PrimaryEndpoint => new(this, "tcp");

    public ParameterResource PasswordParameter => password;

    public ParameterResource? UserNameParameter => userName;

    /// <summary>Database names by resource names.</summary>
    public IReadOnlyDictionary<string, string> Databases =>
        _databases.ToDictionary(database => database.Name, database => database.DatabaseName, StringComparer.OrdinalIgnoreCase);

    public ReferenceExpression ConnectionStringExpression => this.External()?.Expression ?? ReferenceExpression.Create(
        $"Host={PrimaryEndpoint.Property(EndpointProperty.Host)};Port={PrimaryEndpoint.Property(EndpointProperty.Port)};Username={UserNameReference};Password={password}");

    internal ReferenceExpression UserNameReference => userName is null ? ReferenceExpression.Create($"postgres") : ReferenceExpression.Create($"{userName}");

    /// <summary>The databases that are to be created on this server.</summary>
    internal IReadOnlyList<string> OwnDatabases => [.. _databases.Where(database => database.Server == this).Select(database => database.DatabaseName)];

    IEnumerable<KeyValuePair<string, ReferenceExpression>> IResourceWithConnectionString.GetConnectionProperties() =>
    [
        .. CommonProperties,
        new("Uri", UriExpression("")),
        new("JdbcConnectionString", JdbcExpression("")),
    ];

    internal IEnumerable<KeyValuePair<string, ReferenceExpression>> CommonProperties =>
    [
        new("Host", ReferenceExpression.Create($"{PrimaryEndpoint.Property(EndpointProperty.Host)}")),
        new("Port", ReferenceExpression.Create($"{PrimaryEndpoint.Property(EndpointProperty.Port)}")),
        new("Username", UserNameReference),
        new("Password", ReferenceExpression.Create($"{password}")),
    ];

    internal ReferenceExpression UriExpression(string path) => ReferenceExpression.Create(
        $"postgresql://{UserNameReference:uri}:{password:uri}@{PrimaryEndpoint.Property(EndpointProperty.HostAndPort)}{path}");

    internal ReferenceExpression JdbcExpression(string path) => ReferenceExpression.Create(
        $"jdbc:postgresql://{PrimaryEndpoint.Property(EndpointProperty.HostAndPort)}{path}");

    internal void AddDatabase(PostgresDatabaseResource database) => _databases.Add(database);
}

/// <summary>A database of a PostgreSQL server; it is created when the server is ready.</summary>
public class PostgresDatabaseResource(string name, string databaseName, PostgresServerResource postgresParentResource)
    : Resource(name), IResourceWithParent<PostgresServerResource>, IResourceWithConnectionString
{
    public PostgresServerResource Parent { get; } = postgresParentResource;

    public string DatabaseName => databaseName;

    public ReferenceExpression ConnectionStringExpression => this.External()?.Expression ?? ReferenceExpression.Create($"{Server.ConnectionStringExpression};Database={databaseName}");

    /// <summary>The server that has it: the parent, or one elsewhere that is not part of the model.</summary>
    internal PostgresServerResource Server { get; init; } = postgresParentResource;

    IEnumerable<KeyValuePair<string, ReferenceExpression>> IResourceWithConnectionString.GetConnectionProperties() =>
    [
        .. Server.CommonProperties,
        new("DatabaseName", ReferenceExpression.Create($"{databaseName}")),
        new("Uri", Server.UriExpression($"/{databaseName}")),
        new("JdbcConnectionString", Server.JdbcExpression($"/{databaseName}")),
    ];
}
