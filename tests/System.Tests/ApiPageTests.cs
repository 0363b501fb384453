using System.Text.Json;
using Microsoft.Playwright;

namespace PhotoPlatform.SystemTests;

/// <summary>The page that shows what the API offers, in a real browser.</summary>
[Collection(SinglePlatform.Name)]
public sealed class ApiPageTests(SinglePlatform shared)
{
    [Fact]
    public async Task A_visitor_finds_an_operation_reads_it_signs_up_and_tries_it()
    {
        await using var chromium = await Chromium.StartAsync(shared.Platform);
        var page = chromium.Page;
        await page.GotoAsync("/");
        await page.ClickAsync("footer a[href='api.html']");
        await page.FillAsync("#search", "get users/me");
        await page.ClickAsync("#getMe > summary");
        Assert.Contains("displayName", await page.InnerTextAsync("#getMe .answer[open]"), StringComparison.Ordinal);
        await page.ClickAsync("#getMe button[type=submit]");
        Assert.Equal("401", await page.InnerTextAsync("#getMe .received .status"));

        var handle = await chromium.SignUpAsync();
        await page.GotoAsync("/api.html#getMe");
        await page.ClickAsync("#getMe button[type=submit]");
        Assert.Equal("200", await page.InnerTextAsync("#getMe .received .status"));
        Assert.Equal(handle, JsonSerializer.Deserialize<JsonElement>(await page.InnerTextAsync("#getMe .output pre")).GetProperty("handle").GetString());
        Assert.Empty(chromium.Problems);
    }

    [Fact]
    public async Task A_bearer_token_stands_for_the_session_and_a_body_is_sent_as_it_was_typed()
    {
        using var person = await Person.SignUpAsync(shared.Platform);
        await using var chromium = await Chromium.StartAsync(shared.Platform);
        var page = chromium.Page;
        await page.GotoAsync("/api.html#getMe");
        await page.ClickAsync(".caller summary");
        await page.FillAsync("#token", person.Http.DefaultRequestHeaders.Authorization!.Parameter!);
        await page.ClickAsync("#getMe button[type=submit]");
        await page.WaitForSelectorAsync("#getMe .received");
        Assert.Contains(person.Email, await page.InnerTextAsync("#getMe .output pre"), StringComparison.Ordinal);

        await page.ClickAsync("#signIn > summary");
        await page.FillAsync("#signIn textarea", JsonSerializer.Serialize(new { person.Email, password = "wrong" }, JsonSerializerOptions.Web));
        await page.ClickAsync("#signIn button[type=submit]");
        Assert.Equal("401", await page.InnerTextAsync("#signIn .received .status"));
        Assert.Empty(chromium.Problems);
    }

    [Theory]
    [InlineData(390, 844)]
    [InlineData(1280, 800)]
    public async Task The_page_has_no_serious_barrier_and_fits_the_window(int width, int height)
    {
        await using var chromium = await Chromium.StartAsync(shared.Platform, width, height);
        await chromium.Page.GotoAsync("/api.html#listPhotos");
        await chromium.Page.WaitForSelectorAsync("#listPhotos .try");
        foreach (var closed in await chromium.Page.QuerySelectorAllAsync("#listPhotos details:not([open]) > summary"))
            await closed.EvaluateAsync("summary => { summary.parentElement.open = true; }");
        await chromium.Page.ClickAsync("#listPhotos button[type=submit]");
        await chromium.Page.WaitForSelectorAsync("#listPhotos .received");
        Assert.Empty(await chromium.BarriersAsync());
        Assert.False(await chromium.OverflowsAsync());
    }

    [Fact]
    public async Task The_keyboard_alone_finds_opens_and_tries_an_operation()
    {
        await using var chromium = await Chromium.StartAsync(shared.Platform);
        var page = chromium.Page;
        await page.GotoAsync("/api.html");
        await page.WaitForSelectorAsync(".operation");
        await page.Keyboard.PressAsync("/");
        await page.Keyboard.TypeAsync("signOut");
        await page.Keyboard.PressAsync("Enter");
        await page.Keyboard.PressAsync("Enter");
        await page.WaitForSelectorAsync("#signOut[open] .try", new() { State = WaitForSelectorState.Visible });
        await page.FocusAsync("#signOut button[type=submit]");
        await page.Keyboard.PressAsync("Enter");
        Assert.Equal("401", await page.InnerTextAsync("#signOut .received .status"));
    }
}
