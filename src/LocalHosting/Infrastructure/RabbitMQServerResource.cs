using LocalHosting.Infrastructure;

namespace Aspire.Hosting.ApplicationModel;

/// <summary>A RabbitMQ server.</summary>
public class RabbitMQServerResource(string name, ParameterResource? userName, ParameterResource password)
    : ContainerResource(name), IResourceWithConnectionString
{
    public EndpointReference PrimaryEndpoint => new(this, "tcp");

    /// <summary>Exists only with the management plugin.</summary>
    public EndpointReference ManagementEndpoint => new(this, "management");

    public ParameterResource PasswordParameter => password;

    public ParameterResource? UserNameParameter => userName;

    public ReferenceExpression ConnectionStringExpression => this.External()?.Expression ?? ReferenceExpression.Create(
        $"amqp://{UserNameReference:uri}:{password:uri}@{PrimaryEndpoint.Property(EndpointProperty.HostAndPort)}");

    internal ReferenceExpression UserNameReference => userName is null ? ReferenceExpression.Create($"guest") : ReferenceExpression.Create($"{userName}");

    IEnumerable<KeyValuePair<string, ReferenceExpression>> IResourceWithConnectionString.GetConnectionProperties() =>
    [
        new("Host", ReferenceExpression.Create($"{PrimaryEndpoint.Property(EndpointProperty.Host)}")),
        new("Port", ReferenceExpression.Create($"{PrimaryEndpoint.Property(EndpointProperty.Port)}")),
        new("Username", UserNameReference),
        new("Password", ReferenceExpression.Create($"{password}")),
        new("Uri", ConnectionStringExpression),
    ];
}
