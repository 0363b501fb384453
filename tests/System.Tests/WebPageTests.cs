using Microsoft.Playwright;
using PhotoPlatform.TestImages;

namespace PhotoPlatform.SystemTests;

/// <summary>The page in a real browser: Debian's Chromium, headless.</summary>
public abstract class WebPageTests(SharedPlatform shared)
{
    [Fact]
    public async Task A_visitor_signs_up_drops_photos_sees_them_become_ready_without_reloading_and_opens_one()
    {
        using var playwright = await Playwright.CreateAsync();
        await using var browser = await playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions
        {
            ExecutablePath = "/usr/bin/chromium",
            Args = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"],
        });
        var page = await browser.NewPageAsync();
        var problems = new List<string>();
        page.PageError += (_, error) => problems.Add(error);
        page.Console += (_, message) =>
        {
            // A visitor without a session is told so by a 401, which the browser notes.
            if (message.Type == "error" && !message.Text.Contains("401", StringComparison.Ordinal))
                problems.Add(message.Text);
        };

        await page.GotoAsync(shared.Platform.Address.ToString());
        var handle = $"u{Guid.NewGuid():N}"[..16];
        await page.ClickAsync("#show-sign-up");
        await page.FillAsync("#sign-up [name=email]", $"{handle}@example.org");
        await page.FillAsync("#sign-up [name=handle]", handle);
        await page.FillAsync("#sign-up [name=displayName]", "A Visitor");
        await page.FillAsync("#sign-up [name=password]", "correct horse battery");
        await page.ClickAsync("#sign-up button[type=submit]");
        await page.WaitForSelectorAsync("#library", new() { State = WaitForSelectorState.Visible });
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
        Assert.Empty(problems);
    }
}
