using LocalHosting.Infrastructure;

namespace Aspire.Hosting.ApplicationModel;

/// <summary>A Redis server. It starts empty unless persistence is asked for.</summary>
public class RedisResource(string name) : ContainerResource(name), IResourceWithConnectionString
{
    internal RedisResource(string name, ParameterResource password)
        : this(name)
    {
        PasswordParameter = password;
    }

    public EndpointReference PrimaryEndpoint => new(this, "tcp");

    public ParameterResource? PasswordParameter { get; }

    public ReferenceExpression ConnectionStringExpression
    {
        get
        {
            if (this.External() is { } external)
                return external.Expression;
            var expression = new ReferenceExpressionBuilder();
            expression.AppendFormatted(PrimaryEndpoint.Property(EndpointProperty.HostAndPort));
            if (PasswordParameter is { } password)
                expression.Append($",password={password}");
            return expression.Build();
        }
    }

    IEnumerable<KeyValuePair<string, ReferenceExpression>> IResourceWithConnectionString.GetConnectionProperties()
    {
        var uri = new ReferenceExpressionBuilder();
        uri.AppendLiteral(this.External() is { IsTls: true } ? "rediss://" : "redis://");
        if (PasswordParameter is { } password)
        {
            yield return new("Password", ReferenceExpression.Create($"{password}"));
            uri.Append($":{password:uri}@");
        }
        uri.AppendFormatted(PrimaryEndpoint.Property(EndpointProperty.HostAndPort));
        yield return new("Host", ReferenceExpression.Create($"{PrimaryEndpoint.Property(EndpointProperty.Host)}"));
        yield return new("Port", ReferenceExpression.Create($"{PrimaryEndpoint.Property(EndpointProperty.Port)}"));
        yield return new("Uri", uri.Build());
    }
}
