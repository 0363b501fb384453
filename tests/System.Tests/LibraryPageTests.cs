using System.Net;
using Microsoft.Playwright;
using PhotoPlatform.TestImages;

namespace PhotoPlatform.SystemTests;

/// <summary>What people do with their photos on the main page, in a real browser.</summary>
[Collection(SinglePlatform.Name)]
public sealed class LibraryPageTests(SinglePlatform shared)
{
    [Fact]
    public async Task Several_photos_are_deleted_together_and_come_back_when_that_is_undone()
    {
        await using var chromium = await Chromium.StartAsync(shared.Platform);
        var page = chromium.Page;
        await SignUpWithPhotosAsync(chromium, 3);
        await ChooseAsync(page, 2);
        await page.ClickAsync("#selection-delete");
        await page.WaitForFunctionAsync("() => document.querySelectorAll('.tile').length === 1");
        await page.ClickAsync("#undo button");
        await page.WaitForFunctionAsync("() => document.querySelectorAll('.tile').length === 3");
        await page.ReloadAsync();
        await page.WaitForFunctionAsync("() => document.querySelectorAll('.tile').length === 3");

        await ChooseAsync(page, 2);
        await page.ClickAsync("#selection-delete");
        await page.WaitForSelectorAsync("#undo", new() { State = WaitForSelectorState.Visible });
        await page.WaitForSelectorAsync("#undo", new() { State = WaitForSelectorState.Hidden });
        await page.ReloadAsync();
        await page.WaitForFunctionAsync("() => document.querySelectorAll('.tile').length === 1");
        Assert.Empty(chromium.Problems);
    }

    [Fact]
    public async Task A_photos_title_description_and_visibility_are_changed_where_it_is_looked_at()
    {
        await using var chromium = await Chromium.StartAsync(shared.Platform);
        var page = chromium.Page;
        await SignUpWithPhotosAsync(chromium, 1);
        await page.ClickAsync(".tile");
        await page.ClickAsync("#viewer-change");
        await page.FillAsync("#viewer-edit [name=title]", "A hill");
        await page.FillAsync("#viewer-edit [name=description]", "Seen from the north.");
        await page.SelectOptionAsync("#viewer-edit [name=visibility]", "public");
        await page.ClickAsync("#viewer-edit button[type=submit]");
        await page.WaitForFunctionAsync("() => document.querySelector('#viewer-title').textContent === 'A hill'");
        // With the visibility, the addresses of its renditions have changed.
        await page.WaitForFunctionAsync("() => document.querySelector('#viewer img')?.naturalWidth > 0");
        await page.ReloadAsync();
        await page.ClickAsync(".tile");
        Assert.Equal("Seen from the north.", await page.InnerTextAsync("#viewer-description"));
        Assert.Contains("Everyone", await page.InnerTextAsync("#viewer-facts"), StringComparison.Ordinal);
        Assert.Empty(chromium.Problems);
    }

    [Fact]
    public async Task The_bell_rings_when_somebody_follows_and_is_silent_once_it_was_looked_at()
    {
        using var follower = await Person.SignUpAsync(shared.Platform);
        await using var chromium = await Chromium.StartAsync(shared.Platform);
        var page = chromium.Page;
        var handle = await chromium.SignUpAsync();
        await page.WaitForSelectorAsync("#bell", new() { State = WaitForSelectorState.Visible });
        using var followed = await follower.Http.PutAsync(new Uri($"/api/users/{handle}/follow", UriKind.Relative), null);
        Assert.Equal(HttpStatusCode.NoContent, followed.StatusCode);
        await page.WaitForFunctionAsync("() => document.querySelector('#bell-count').textContent === '1'");
        await page.ClickAsync("#bell");
        Assert.Contains("A Person follows you.", await page.InnerTextAsync("#notification-list"), StringComparison.Ordinal);
        await page.WaitForFunctionAsync("() => document.querySelector('#bell-count').textContent === ''");
        await page.ReloadAsync();
        await page.WaitForSelectorAsync("#bell", new() { State = WaitForSelectorState.Visible });
        Assert.Equal("", await page.InnerTextAsync("#bell-count"));
        Assert.Empty(chromium.Problems);
    }

    [Theory]
    [InlineData(390, 844)]
    [InlineData(1280, 800)]
    public async Task The_page_has_no_serious_barrier_and_fits_the_window(int width, int height)
    {
        await using var chromium = await Chromium.StartAsync(shared.Platform, width, height);
        await chromium.Page.GotoAsync("/");
        Assert.Empty(await chromium.BarriersAsync());
        await SignUpWithPhotosAsync(chromium, 2);
        await ChooseAsync(chromium.Page, 1);
        Assert.Empty(await chromium.BarriersAsync());
        Assert.False(await chromium.OverflowsAsync());
        await chromium.Page.Keyboard.PressAsync("Escape");
        await chromium.Page.ClickAsync(".tile");
        await chromium.Page.ClickAsync("#viewer-change");
        await chromium.Page.WaitForFunctionAsync("() => document.querySelector('#viewer img.loaded')");
        Assert.Empty(await chromium.BarriersAsync());
        Assert.False(await chromium.OverflowsAsync());
    }

    private static async Task SignUpWithPhotosAsync(Chromium chromium, int count)
    {
        await chromium.SignUpAsync();
        await chromium.Page.SetInputFilesAsync("#files", Enumerable.Range(1, count)
            .Select(seed => new FilePayload { Name = $"{seed}.jpg", MimeType = "image/jpeg", Buffer = Picture.Photo(320, 240, seed: seed).ToJpeg() }));
        await chromium.Page.WaitForFunctionAsync($"() => document.querySelectorAll('.tile[data-state=ready]').length === {count}", null, new() { Timeout = 60_000 });
    }

    private static async Task ChooseAsync(IPage page, int count)
    {
        await page.ClickAsync("#select");
        for (var i = 0; i < count; i++)
            await page.ClickAsync($".tile >> nth={i}");
    }
}
