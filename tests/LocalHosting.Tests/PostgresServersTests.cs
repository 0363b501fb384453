namespace PhotoPlatform.LocalHosting.Tests;

public sealed class PostgresServersTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Two_servers_run_side_by_side_each_with_its_own_databases()
    {
        await using var test = new TestApplication();
        var first = test.Builder.AddPostgres("first");
        var second = test.Builder.AddPostgres("second");
        IResourceBuilder<PostgresDatabaseResource>[] databases = [first.AddDatabase("users"), second.AddDatabase("users-2", "users"), second.AddDatabase("media")];
        foreach (var database in databases)
            test.Sleeper($"waiter-{database.Resource.Name}").WaitFor(database);

        await test.Application.StartAsync().WaitAsync(Limit);

        foreach (var database in databases)
        {
            var connectionString = (await database.Resource.ConnectionStringExpression.GetValueAsync(default))!;
            await Database.QueryAsync(connectionString, $"CREATE TABLE mark AS SELECT '{database.Resource.Name}' AS name");
        }
        foreach (var database in databases)
        {
            var connectionString = (await database.Resource.ConnectionStringExpression.GetValueAsync(default))!;
            Assert.Equal(database.Resource.Name, await Database.QueryAsync(connectionString, "SELECT name FROM mark"));
        }
        Assert.NotEqual(first.Resource.PrimaryEndpoint.Port, second.Resource.PrimaryEndpoint.Port);
    }
}
