using System.Net.Http.Json;
using System.Text.Json;
using PhotoPlatform.Testing;

namespace PhotoPlatform.SystemTests;

public abstract class SignUpTests(SharedPlatform shared)
{
    [Fact]
    public async Task Signing_up_ends_in_one_welcome_mail_that_a_person_can_read()
    {
        using var person = await Person.SignUpAsync(shared.Platform);

        var files = await Eventually.GetAsync(() => Task.FromResult(shared.Platform.MailFiles(person.Email)), found => found.Count > 0);
        var mail = Assert.Single(files);
        Assert.Contains("Subject: Welcome to PhotoPlatform", mail, StringComparison.Ordinal);
        Assert.Contains("Message-ID: <", mail, StringComparison.Ordinal);

        using var http = shared.Platform.CreateInboxClient();
        var listed = await http.GetFromJsonAsync<JsonElement>($"/api/messages?to={person.Email}");
        var message = Assert.Single((listed.ValueKind == JsonValueKind.Array ? listed : listed.GetProperty("messages")).EnumerateArray());
        Assert.Contains("your account", message.GetProperty("text").GetString(), StringComparison.Ordinal);
        Assert.Contains("Welcome to PhotoPlatform", await http.GetStringAsync("/"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_trace_leads_from_the_sign_up_to_the_mail()
    {
        using var person = await Person.SignUpAsync(shared.Platform);
        await Eventually.GetAsync(() => Task.FromResult(shared.Platform.MailFiles(person.Email)), found => found.Count > 0);

        string[] path = ["gateway", "users", "notifier"];
        var traces = await Eventually.GetAsync(() => Task.FromResult(Traces.That(shared.Platform, "gateway", "POST /api/users answered 201")),
            ids => ids.Any(id => path.All(Traces.ServicesOf(shared.Platform, id).Contains)));
        Assert.NotEmpty(traces);
    }
}
