using System.Net;
using System.Runtime.CompilerServices;
using System.Text.Json;

namespace PhotoPlatform.LocalHosting.Tests;

/// <summary>What other programs can ask the running application.</summary>
public sealed class ControlTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Without_a_dashboard_there_is_a_control_address_all_the_same_and_the_resources_can_be_told_it()
    {
        await using var test = new TestApplication();
        var service = test.WebService("service").WithEnvironment(context => context.EnvironmentVariables["APPHOST_CONTROL_URL"] = test.Builder.Configuration["AppHost:ControlUrl"]!);
        await test.StartAsync("service");

        var control = (await TestApplication.GetAsync<Dictionary<string, string>>(service, "/environment"))["APPHOST_CONTROL_URL"];
        Assert.Equal(control, test.Run.GetProperty("control").GetString());
        Assert.Equal(JsonValueKind.Null, test.Run.GetProperty("dashboard").ValueKind);
        using var client = new HttpClient { BaseAddress = new Uri(control) };
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/api/resources")).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await client.GetAsync("/")).StatusCode);
        using var foreign = new HttpRequestMessage(HttpMethod.Get, "/api/resources/service/addresses") { Headers = { Host = "evil.example" } };
        Assert.Equal(HttpStatusCode.MisdirectedRequest, (await client.SendAsync(foreign)).StatusCode);
    }

    [Fact]
    public async Task The_addresses_of_what_runs_are_told_at_once_and_at_every_change()
    {
        await using var test = new TestApplication();
        test.WebService("twice").WithReplicas(2);
        await test.StartAsync("twice");
        await using var lists = AddressesAsync(test, "twice").GetAsyncEnumerator();

        string first = Address(test, "twice-1"), second = Address(test, "twice-2");
        Assert.Equal([first, second], await NextAsync());
        await test.ScaleAsync("twice", 3).WaitAsync(Limit);
        Assert.Equal([first, second, Address(test, "twice-3")], await NextAsync());
        await CommandAsync("twice-2", "stop");
        Assert.Equal([first, Address(test, "twice-3")], await NextAsync());
        await CommandAsync("twice-2", "start");
        Assert.Equal([first, second, Address(test, "twice-3")], await NextAsync());
        await test.ScaleAsync("twice", 1).WaitAsync(Limit);
        // Two stop at once; there may be an event in between.
        while (await NextAsync() is { Length: > 1 } between)
            Assert.Equal(first, between[0]);

        async Task<string[]> NextAsync() => await lists.MoveNextAsync().AsTask().WaitAsync(Limit) ? lists.Current : throw new InvalidOperationException("The stream has ended.");

        async Task CommandAsync(string resource, string command) => Assert.Equal((HttpStatusCode.OK, null), await test.PostAsync($"/api/resources/{resource}/{command}"));
    }

    [Fact]
    public async Task A_single_process_has_one_address_and_what_does_not_exist_is_a_problem()
    {
        await using var test = new TestApplication();
        var service = test.WebService("service");
        await test.StartAsync("service");

        await foreach (var addresses in AddressesAsync(test, "service"))
        {
            Assert.Equal([service.GetEndpoint("http").Url], addresses);
            break;
        }
        using var client = new HttpClient { BaseAddress = new Uri(test.Run.GetProperty("control").GetString()!) };
        foreach (var (path, sentence) in new[] { ("nobody/addresses", "There is no resource 'nobody'."), ("service/addresses?endpoint=smtp", "Resource 'service' has no endpoint 'smtp'.") })
        {
            using var answer = await client.GetAsync($"/api/resources/{path}");
            Assert.Equal((HttpStatusCode.NotFound, "application/problem+json"), (answer.StatusCode, answer.Content.Headers.ContentType?.MediaType));
            Assert.Equal(sentence, JsonDocument.Parse(await answer.Content.ReadAsStringAsync()).RootElement.GetProperty("detail").GetString());
        }
    }

    [Fact]
    public async Task An_open_stream_of_addresses_holds_up_no_stop()
    {
        var test = new TestApplication();
        test.WebService("twice").WithReplicas(2);
        await test.StartAsync("twice");
        await using var lists = AddressesAsync(test, "twice").GetAsyncEnumerator();
        Assert.True(await lists.MoveNextAsync().AsTask().WaitAsync(Limit));

        await test.DisposeAsync().AsTask().WaitAsync(Limit);

        while (await lists.MoveNextAsync().AsTask().WaitAsync(Limit))
            Assert.InRange(lists.Current.Length, 0, 1);
    }

    private static string Address(TestApplication test, string replica) => $"http://localhost:{test.Run.GetProperty("ports").GetProperty($"{replica}/http").GetInt32()}";

    /// <summary>Ends with the stream.</summary>
    private static async IAsyncEnumerable<string[]> AddressesAsync(TestApplication test, string resource, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        using var client = new HttpClient();
        using var stream = await client.GetStreamAsync(new Uri(test.Run.GetProperty("control").GetString() + $"/api/resources/{resource}/addresses?endpoint=http"), cancellationToken);
        using var reader = new StreamReader(stream);
        while (await reader.ReadLineAsync(cancellationToken) is { } line)
        {
            if (line.StartsWith("data: ", StringComparison.Ordinal))
                yield return JsonDocument.Parse(line["data: ".Length..]).RootElement.GetProperty("addresses").Deserialize<string[]>()!;
        }
    }
}
