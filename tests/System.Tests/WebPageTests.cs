using Microsoft.Playwright;
using PhotoPlatform.TestImages;

namespace PhotoPlatform.SystemTests;

/// <summary>The page in a real browser: Debian's Chromium, headless.</summary>
public abstract class WebPageTests(SharedPlatform shared)
{
    [Fact]
    public async Task A_visitor_signs_up_drops_photos_sees_them_become_ready_without_reloading_and_opens_one()
    {
        await using var chromium = await Chromium.StartAsync(shared.Platform);
        var page = chromium.Page;
        await chromium.SignUpAsync();
        var loads = await page.EvaluateAsync<double>("() => performance.timeOrigin");

        await page.SetInputFilesAsync("#files",
        [
            new FilePayload { Name = "hill.jpg", MimeType = "image/jpeg", Buffer = Picture.Photo(800, 600).ToJpeg() },
            new FilePayload { Name = "half.jpg", MimeType = "image/jpeg", Buffer = HostileFiles.Truncated(Picture.Photo(800, 600, seed: 2).ToJpeg()) },
        ]);
        await page.WaitForSelectorAsync(".tile[data-state=ready]");
        await page.WaitForSelectorAsync(".tile[data-state=rejected]");

        await page.ClickAsync(".tile[data-state=ready]");
        await page.WaitForFunctionAsync("() => [...document.querySelectorAll('#viewer img')].some(image => image.complete && image.naturalWidth > 0)");
        await page.Keyboard.PressAsync("Escape");
        await page.WaitForSelectorAsync("#viewer", new() { State = WaitForSelectorState.Hidden });
        Assert.Equal(loads, await page.EvaluateAsync<double>("() => performance.timeOrigin"));
        Assert.Empty(chromium.Problems);
    }
}
