using Deque.AxeCore.Playwright;
using Microsoft.Playwright;

namespace PhotoPlatform.SystemTests;

/// <summary>Debian's Chromium, headless, with one page that notes what goes wrong in it.</summary>
public sealed class Chromium : IAsyncDisposable
{
    private readonly IPlaywright _playwright;
    private readonly IBrowser _browser;
    private readonly List<string> _problems = [];

    private Chromium(IPlaywright playwright, IBrowser browser, IPage page)
    {
        (_playwright, _browser, Page) = (playwright, browser, page);
        page.PageError += (_, error) => _problems.Add(error);
        page.Console += (_, message) =>
        {
            if (message.Type == "error" && !message.Text.StartsWith("Failed to load resource", StringComparison.Ordinal))
                _problems.Add(message.Text);
        };
        page.Response += (_, response) =>
        {
            // The API refuses as part of its work: a visitor without a session is told so by a 401.
            if (response.Status >= (new Uri(response.Url).AbsolutePath.StartsWith("/api/", StringComparison.Ordinal) ? 500 : 400))
                _problems.Add($"{response.Status} {response.Url}");
        };
    }

    public IPage Page { get; }

    /// <summary>Errors of scripts, of the content security policy and of the server; files that are missing.</summary>
    public IReadOnlyList<string> Problems => _problems;

    public static async Task<Chromium> StartAsync(Platform platform, int width = 1280, int height = 800)
    {
        var playwright = await Playwright.CreateAsync();
        var browser = await playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions
        {
            ExecutablePath = "/usr/bin/chromium",
            Args = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"],
        });
        return new Chromium(playwright, browser, await browser.NewPageAsync(new() { BaseURL = platform.Address.ToString(), ViewportSize = new() { Width = width, Height = height } }));
    }

    /// <summary>Signs somebody up and in by the forms of the main page.</summary>
    /// <returns>The handle; the e-mail address is the handle at example.org.</returns>
    public async Task<string> SignUpAsync()
    {
        var handle = $"u{Guid.NewGuid():N}"[..16];
        await Page.GotoAsync("/");
        await Page.ClickAsync("#show-sign-up");
        await Page.FillAsync("#sign-up [name=email]", $"{handle}@example.org");
        await Page.FillAsync("#sign-up [name=handle]", handle);
        await Page.FillAsync("#sign-up [name=displayName]", "A Visitor");
        await Page.FillAsync("#sign-up [name=password]", "correct horse battery");
        await Page.ClickAsync("#sign-up button[type=submit]");
        await Page.WaitForSelectorAsync("#library", new() { State = WaitForSelectorState.Visible });
        return handle;
    }

    /// <summary>What axe finds serious or critical on the page as it is, in light and in dark.</summary>
    public async Task<IReadOnlyList<string>> BarriersAsync()
    {
        var found = new List<string>();
        foreach (var scheme in new[] { ColorScheme.Light, ColorScheme.Dark })
        {
            await Page.EmulateMediaAsync(new() { ColorScheme = scheme, ReducedMotion = ReducedMotion.Reduce });
            var result = await Page.RunAxe();
            Assert.NotEmpty(result.Passes);
            found.AddRange(result.Violations.Where(violation => violation.Impact is "serious" or "critical")
                .Select(violation => $"{scheme}: {violation.Id}: {violation.Help}: {string.Join(", ", violation.Nodes.Select(node => node.Html).Take(3))}"));
        }
        return found;
    }

    /// <summary>Whether the page is wider than the window.</summary>
    public Task<bool> OverflowsAsync() => Page.EvaluateAsync<bool>("() => document.documentElement.scrollWidth > document.documentElement.clientWidth");

    public async ValueTask DisposeAsync()
    {
        await _browser.CloseAsync();
        _playwright.Dispose();
    }
}
