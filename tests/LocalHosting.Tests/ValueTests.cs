namespace PhotoPlatform.LocalHosting.Tests;

public sealed class ValueTests
{
    private static readonly ParameterResource Password = new("password", _ => "p:/w", secret: true);

    [Fact]
    public async Task An_expression_fills_its_holes_and_keeps_braces()
    {
        var expression = ReferenceExpression.Create($"{{a}}={Password};{"literal"}");

        Assert.Equal("{{a}}={0};literal", expression.Format);
        Assert.Equal("{a}=p:/w;literal", await expression.GetValueAsync(default));
        Assert.Equal("{a}={password.value};literal", expression.ValueExpression);
    }

    [Fact]
    public async Task An_expression_within_another_becomes_part_of_it()
    {
        var inner = ReferenceExpression.Create($"<{Password}>");

        var outer = ReferenceExpression.Create($"{Password}{inner}");

        Assert.Equal("{0}<{1}>", outer.Format);
        Assert.Equal("p:/w<p:/w>", await outer.GetValueAsync(default));
    }

    [Fact]
    public async Task A_hole_can_be_escaped_for_a_URL()
    {
        Assert.Equal("amqp://p%3A%2Fw@host", await ReferenceExpression.Create($"amqp://{Password:uri}@host").GetValueAsync(default));
    }

    [Fact]
    public async Task Another_format_is_refused()
    {
        var failure = await Assert.ThrowsAsync<FormatException>(async () => await ReferenceExpression.Create($"{Password:html}").GetValueAsync(default));

        Assert.Equal("A value in a reference expression has the format 'html'; there is only 'uri'.", failure.Message);
    }

    [Fact]
    public async Task A_whole_expression_can_be_escaped_as_one_hole()
    {
        var inner = ReferenceExpression.Create($"<{Password}>");

        Assert.Equal("%3Cp%3A%2Fw%3E", await ReferenceExpression.Create($"{inner:uri}").GetValueAsync(default));
    }

    [Fact]
    public async Task An_empty_expression_has_no_value() => Assert.Null(await ReferenceExpression.Empty.GetValueAsync(default));

    [Fact]
    public async Task A_builder_appends_text_and_values()
    {
        var builder = new ReferenceExpressionBuilder();
        Assert.True(builder.IsEmpty);
        builder.Append($"Key={Password}");
        builder.AppendLiteral(";Model={x}");

        Assert.Equal("Key=p:/w;Model={x}", await builder.Build().GetValueAsync(default));
    }

    [Fact]
    public async Task An_endpoint_can_be_referred_to_before_it_is_declared_and_its_value_waits_for_the_port()
    {
        var owner = new ExecutableResource("tool", "x", "/");
        var endpoint = owner.GetEndpoint("http");
        Assert.False(endpoint.Exists);
        var annotation = new EndpointAnnotation(System.Net.Sockets.ProtocolType.Tcp, "http");
        owner.Annotations.Add(annotation);
        var value = endpoint.Property(EndpointProperty.HostAndPort).GetValueAsync();
        Assert.Throws<InvalidOperationException>(() => endpoint.Url);
        Assert.False(value.IsCompleted);

        annotation.AllocatedEndpoint = new AllocatedEndpoint(annotation, "localhost", 81);

        Assert.Equal("localhost:81", await value);
        Assert.Equal("http://localhost:81", endpoint.Url);
        Assert.Equal("127.0.0.1", await endpoint.Property(EndpointProperty.IPV4Host).GetValueAsync());
        Assert.Equal("{tool.bindings.http.host}:{tool.bindings.http.port}", endpoint.Property(EndpointProperty.HostAndPort).ValueExpression);
    }

    [Fact]
    public async Task A_parameter_comes_from_configuration_and_a_hyphen_may_be_an_underscore()
    {
        await using var test = new TestApplication("--Parameters:first=1", "--Parameters:api_key=2");

        Assert.Equal("1", await test.Builder.AddParameter("first", "default").Resource.GetValueAsync(default));
        Assert.Equal("2", await test.Builder.AddParameter("api-key").Resource.GetValueAsync(default));
        Assert.Equal("default", await test.Builder.AddParameter("other", "default").Resource.GetValueAsync(default));
    }

    [Fact]
    public async Task A_parameter_without_value_says_which_setting_is_missing()
    {
        await using var test = new TestApplication();

        var failure = await Assert.ThrowsAsync<MissingParameterValueException>(async () => await test.Builder.AddParameter("api-key").Resource.GetValueAsync(default));

        Assert.Contains("Parameters:api-key", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_persisted_parameter_is_generated_once_and_only_its_owner_can_read_it()
    {
        await using var test = new TestApplication();
        var key = test.Builder.AddParameter("key", new GenerateParameterDefault { MinLength = 43, Special = false }, secret: true, persist: true);
        var value = await key.Resource.GetValueAsync(default);
        var again = DistributedApplication.CreateBuilder(["--data", test.Data]).AddParameter("key", new GenerateParameterDefault(), persist: true);

        Assert.Equal(43, value!.Length);
        Assert.Equal(value, await again.Resource.GetValueAsync(default));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(test.Data, "secrets.json")));
    }

    [Fact]
    public void A_generated_value_keeps_its_minima()
    {
        var value = new GenerateParameterDefault { MinLength = 6, Lower = false, Numeric = false, MinUpper = 5, MinSpecial = 4 }.GetDefaultValue();

        Assert.Equal(9, value.Length);
        Assert.Equal(5, value.Count(char.IsAsciiLetterUpper));
        Assert.Equal(4, value.Count(c => "-_.{}~()*+!".Contains(c, StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_password_is_generated_once_and_those_for_URLs_have_no_special_characters()
    {
        await using var test = new TestApplication();
        var passwords = new[]
        {
            test.Builder.AddPostgres("pg").Resource.PasswordParameter, test.Builder.AddRedis("cache").Resource.PasswordParameter!, test.Builder.AddRabbitMQ("bus").Resource.PasswordParameter,
        };
        var values = new List<string>();
        foreach (var password in passwords)
            values.Add((await password.GetValueAsync(default))!);

        Assert.Equal(["pg-password", "cache-password", "bus-password"], passwords.Select(password => password.Name));
        Assert.All(passwords, password => Assert.True(password.Secret));
        Assert.All(values, value => Assert.True(value.Length >= 22));
        Assert.All(values.Skip(1), value => Assert.All(value, c => Assert.True(char.IsAsciiLetterOrDigit(c))));
        Assert.Equal(values[0], await passwords[0].GetValueAsync(default));
    }

    [Theory]
    [InlineData("abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijklm")]
    [InlineData("")]
    [InlineData("é")]
    [InlineData("1st")]
    [InlineData("a--b")]
    [InlineData("a-")]
    [InlineData("a_b")]
    public void A_bad_name_is_refused(string name) => Assert.Throws<DistributedApplicationException>(() => new ProjectResource(name));

    [Fact]
    public async Task Two_resources_of_one_name_are_refused()
    {
        await using var test = new TestApplication();
        test.Sleeper("a");

        Assert.Throws<DistributedApplicationException>(() => test.Sleeper("A"));
    }
}
