using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.Playwright;
using PhotoPlatform.TestImages;
using PhotoPlatform.Testing;

namespace PhotoPlatform.SystemTests;

/// <summary>The account page in a real browser, and what people do there, links from real mails included.</summary>
[Collection(SinglePlatform.Name)]
public sealed partial class AccountPageTests(SinglePlatform shared)
{
    private const string Password = "correct horse battery";

    [Fact]
    public async Task A_forgotten_password_is_replaced_with_the_link_from_the_mail_whose_token_leaves_the_address()
    {
        using var person = await Person.SignUpAsync(shared.Platform);
        await using var chromium = await Chromium.StartAsync(shared.Platform);
        var page = chromium.Page;
        await page.GotoAsync("/");
        await page.ClickAsync("#show-forgot");
        await page.FillAsync("#forgot [name=email]", person.Email);
        await page.ClickAsync("#forgot button[type=submit]");
        await page.WaitForSelectorAsync("#sign-in", new() { State = WaitForSelectorState.Visible });

        await page.GotoAsync(await LinkAsync(person.Email, "reset"));
        await page.WaitForSelectorAsync("#link-form", new() { State = WaitForSelectorState.Visible });
        Assert.DoesNotContain("reset", page.Url, StringComparison.Ordinal);
        await page.FillAsync("#link-form [name=newPassword]", "another fine staple 7");
        await page.ClickAsync("#link-do");
        await page.ClickAsync("#link-done a");
        await page.FillAsync("#sign-in [name=email]", person.Email);
        await page.FillAsync("#sign-in [name=password]", "another fine staple 7");
        await page.ClickAsync("#sign-in button[type=submit]");
        await page.WaitForSelectorAsync("#library", new() { State = WaitForSelectorState.Visible });
        Assert.Empty(chromium.Problems);
    }

    [Fact]
    public async Task A_profile_a_portrait_and_another_address_are_there_after_a_reload()
    {
        await using var chromium = await Chromium.StartAsync(shared.Platform);
        var page = chromium.Page;
        var handle = await chromium.SignUpAsync();
        await page.ClickAsync("#account-name");
        await page.FillAsync("#profile-form [name=displayName]", "Ada Lovelace");
        await page.FillAsync("#profile-form [name=bio]", "Engines and light.");
        await page.ClickAsync("#profile-form button[type=submit]");
        await page.WaitForSelectorAsync("#toast", new() { State = WaitForSelectorState.Visible });
        await page.SetInputFilesAsync("#avatar-file", new FilePayload { Name = "me.jpg", MimeType = "image/jpeg", Buffer = Picture.Photo(600, 600).ToJpeg() });
        await page.WaitForFunctionAsync("() => document.querySelector('#avatar').naturalWidth > 0");

        await page.FillAsync("#email-form [name=email]", $"new-{handle}@example.org");
        await page.FillAsync("#email-form [name=password]", Password);
        await page.ClickAsync("#email-form button[type=submit]");
        await page.GotoAsync(await LinkAsync($"new-{handle}@example.org", "confirm"));
        await page.ClickAsync("#link-do");
        await page.ClickAsync("#link-done a");
        await page.WaitForFunctionAsync($"() => document.querySelector('#email-now').textContent === 'new-{handle}@example.org'");
        Assert.Equal(("Ada Lovelace", "Engines and light."), (await page.InputValueAsync("#profile-form [name=displayName]"), await page.InputValueAsync("#profile-form [name=bio]")));
        await page.WaitForFunctionAsync("() => document.querySelector('#avatar').naturalWidth > 0");
        Assert.Empty(chromium.Problems);
    }

    [Fact]
    public async Task Other_sessions_are_listed_and_ended_and_so_they_are_by_a_new_password()
    {
        using var person = await Person.SignUpAsync(shared.Platform);
        await using var chromium = await Chromium.StartAsync(shared.Platform);
        var page = chromium.Page;
        await SignInAsync(page, person.Email);
        await page.GotoAsync("/account.html");
        await page.ClickAsync("#end-others");
        await page.WaitForFunctionAsync("() => document.querySelectorAll('#session-list > li').length === 1");
        await EndedAsync(person);

        await person.SignInAsync();
        await page.FillAsync("#password-form [name=currentPassword]", "not this one");
        await page.FillAsync("#password-form [name=newPassword]", "another fine staple 7");
        await page.ClickAsync("#password-form button[type=submit]");
        await page.WaitForSelectorAsync("#password-form [name=currentPassword][aria-invalid=true]");
        await page.FillAsync("#password-form [name=currentPassword]", Password);
        await page.ClickAsync("#password-form button[type=submit]");
        await page.WaitForFunctionAsync("() => document.querySelector('#password-form [name=newPassword]').value === ''");
        await EndedAsync(person);
        Assert.Empty(chromium.Problems);
    }

    [Fact]
    public async Task Which_mails_come_is_chosen_and_a_link_that_is_none_says_so()
    {
        await using var chromium = await Chromium.StartAsync(shared.Platform);
        var page = chromium.Page;
        await chromium.SignUpAsync();
        await page.GotoAsync("/account.html#mail");
        await page.WaitForFunctionAsync("() => document.querySelector('#mail-form [name=followed]')?.checked");
        await page.UncheckAsync("#mail-form [name=followed]");
        await page.ClickAsync("#mail-form button[type=submit]");
        await page.WaitForSelectorAsync("#toast", new() { State = WaitForSelectorState.Visible });
        await page.ReloadAsync();
        await page.WaitForFunctionAsync("() => document.querySelector('#mail-form [name=photoProblems]')?.checked");
        Assert.False(await page.IsCheckedAsync("#mail-form [name=followed]"));

        await page.GotoAsync("about:blank");
        await page.GotoAsync("/account.html#unsubscribe=nonsense");
        await page.ClickAsync("#link-do");
        await page.WaitForSelectorAsync("#link-form [role=alert]", new() { State = WaitForSelectorState.Visible });
        Assert.Empty(chromium.Problems);
    }

    [Fact]
    public async Task Ones_data_is_collected_and_fetched_and_then_the_account_is_deleted()
    {
        await using var chromium = await Chromium.StartAsync(shared.Platform);
        var page = chromium.Page;
        var handle = await chromium.SignUpAsync();
        await page.GotoAsync("/account.html#exports");
        await page.ClickAsync("#ask-export");
        await page.WaitForSelectorAsync("#export-list a", new() { Timeout = 90_000 });
        var download = await page.RunAndWaitForDownloadAsync(() => page.ClickAsync("#export-list a"));
        using var zip = System.IO.Compression.ZipFile.OpenRead(await download.PathAsync());
        Assert.NotEmpty(zip.Entries);

        await page.FillAsync("#delete-form [name=handle]", "somebody_else");
        await page.FillAsync("#delete-form [name=password]", Password);
        await page.ClickAsync("#delete-form button[type=submit]");
        await page.WaitForSelectorAsync("#delete-form [name=handle][aria-invalid=true]");
        await page.FillAsync("#delete-form [name=handle]", handle);
        await page.ClickAsync("#delete-form button[type=submit]");
        await page.WaitForSelectorAsync("#welcome", new() { State = WaitForSelectorState.Visible });
        await page.FillAsync("#sign-in [name=email]", $"{handle}@example.org");
        await page.FillAsync("#sign-in [name=password]", Password);
        await page.ClickAsync("#sign-in button[type=submit]");
        await page.WaitForSelectorAsync("#sign-in [role=alert]", new() { State = WaitForSelectorState.Visible });
        Assert.Empty(chromium.Problems);
    }

    [Theory]
    [InlineData(390, 844)]
    [InlineData(1280, 800)]
    public async Task The_page_has_no_serious_barrier_and_fits_the_window(int width, int height)
    {
        await using var chromium = await Chromium.StartAsync(shared.Platform, width, height);
        await chromium.SignUpAsync();
        await chromium.Page.GotoAsync("/account.html");
        await chromium.Page.WaitForSelectorAsync("#session-list strong");
        Assert.Empty(await chromium.BarriersAsync());
        Assert.False(await chromium.OverflowsAsync());
    }

    private static async Task SignInAsync(IPage page, string email)
    {
        await page.GotoAsync("/");
        await page.FillAsync("#sign-in [name=email]", email);
        await page.FillAsync("#sign-in [name=password]", Password);
        await page.ClickAsync("#sign-in button[type=submit]");
        await page.WaitForSelectorAsync("#library", new() { State = WaitForSelectorState.Visible });
    }

    private static async Task EndedAsync(Person person) => await Eventually.GetAsync(async () =>
    {
        using var response = await person.Http.GetAsync(new Uri("/api/users/me", UriKind.Relative));
        return response.StatusCode;
    }, status => status == HttpStatusCode.Unauthorized);

    /// <summary>The link with such a token in a mail to the address.</summary>
    private Task<string> LinkAsync(string email, string kind) => Eventually.GetAsync(async () =>
        (await shared.Platform.MailTextsAsync(email)).SelectMany(text => Link().Matches(text)).FirstOrDefault(link => link.Value.Contains($"#{kind}=", StringComparison.Ordinal))?.Value ?? "", link => link.Length > 0);

    [GeneratedRegex(@"https?://\S+")]
    private static partial Regex Link();
}
