using System.Net;
using System.Text;
using Microsoft.AspNetCore.WebUtilities;
using PhotoPlatform.Testing;

namespace PhotoPlatform.Media.Tests;

/// <summary>Signed addresses of private renditions, on a clock that the tests put forward: each of them owns its service.</summary>
public sealed class SignedUrlTests : IAsyncLifetime
{
    private readonly RunningMedia _media = new();

    public ValueTask InitializeAsync() => _media.InitializeAsync();

    public ValueTask DisposeAsync() => _media.DisposeAsync();

    [Fact]
    public async Task A_signed_address_opens_a_private_rendition_to_whoever_has_it_until_it_expires()
    {
        using var owner = _media.NewOwner();
        using var anonymous = _media.Service.Client();
        StartOfDay(hours: 12);
        var photo = await owner.ReadyPhotoAsync();
        var url = photo.UrlOf("large");

        using var response = await anonymous.GetAsync(new Uri(url, UriKind.Relative));
        Assert.Equal(RunningMedia.BytesOf("large"), await response.Content.ReadAsByteArrayAsync());
        var caching = response.Headers.CacheControl!;
        Assert.True(caching is { Private: true, Public: false } && caching.Extensions.Any(extension => extension.Name == "immutable"), caching.ToString());
        Assert.InRange(caching.MaxAge!.Value, TimeSpan.FromHours(35.9), TimeSpan.FromHours(36));
        await RunningMedia.AssertProblemAsync(HttpStatusCode.NotFound, await anonymous.GetAsync(new Uri(url.Split('?')[0], UriKind.Relative)));

        _media.Clock.Advance(TimeSpan.FromHours(11.9));
        Assert.Equal(url, (await owner.GetAsync(photo.Id)).UrlOf("large"));
        _media.Clock.Advance(TimeSpan.FromHours(0.2));
        var next = (await owner.GetAsync(photo.Id)).UrlOf("large");
        Assert.NotEqual(url, next);
        _media.Clock.Advance(TimeSpan.FromHours(23.8));
        using var late = await anonymous.GetAsync(new Uri(url, UriKind.Relative));
        Assert.Equal(HttpStatusCode.OK, late.StatusCode);
        _media.Clock.Advance(TimeSpan.FromHours(0.2));
        await RunningMedia.AssertProblemAsync(HttpStatusCode.NotFound, await anonymous.GetAsync(new Uri(url, UriKind.Relative)));
        using var fresh = await anonymous.GetAsync(new Uri(next, UriKind.Relative));
        Assert.Equal(HttpStatusCode.OK, fresh.StatusCode);
        // The owner's session opens it still.
        using var own = await owner.GetAsync(url);
        Assert.Equal(HttpStatusCode.OK, own.StatusCode);
    }

    [Fact]
    public async Task A_changed_address_is_not_found()
    {
        using var owner = _media.NewOwner();
        using var other = _media.NewOwner();
        var photo = await owner.ReadyPhotoAsync();
        var theirs = await other.ReadyPhotoAsync();
        var (path, query) = photo.UrlOf("small").Split('?') is [var p, var q] ? (p, q) : default;
        var values = QueryHelpers.ParseQuery(query);
        var (exp, sig) = (long.Parse(values["exp"]!, null), values["sig"].ToString());
        using var anonymous = _media.Service.Client();
        using var good = await anonymous.GetAsync(new Uri($"{path}?sig={sig}&exp={exp}", UriKind.Relative));
        Assert.Equal(HttpStatusCode.OK, good.StatusCode);
        foreach (var changed in new[]
        {
            $"{path}?exp={exp}", $"{path}?sig={sig}", $"{path}?exp={exp}&sig=", $"{path}?exp=&sig={sig}", $"{path}?exp={exp + 1}&sig={sig}", $"{path}?exp={exp - 86400}&sig={sig}", $"{path}?exp=-{exp}&sig={sig}",
            $"{path}?exp=%20{exp}&sig={sig}", $"{path}?exp=9999999999999999999999&sig={sig}", $"{path}?exp={exp}&exp={exp}&sig={sig}", $"{path}?exp={exp}&sig={sig}&sig={sig}", $"{path}?exp={exp}&sig={sig[..^1]}",
            $"{path}?exp={exp}&sig={(sig[0] == 'A' ? 'B' : 'A')}{sig[1..]}", $"{path}?exp={exp}&sig={sig}AAAA", $"{path}?exp={exp}&sig={new string('%', 300)}", $"{path}?exp={exp}&sig={new string('A', 5000)}",
            $"{photo.UrlOf("large").Split('?')[0]}?{query}", $"{theirs.UrlOf("small").Split('?')[0]}?{query}", $"{path.Replace("/1/1/", "/1/2/", StringComparison.Ordinal)}?{query}",
        })
            await RunningMedia.AssertProblemAsync(HttpStatusCode.NotFound, await anonymous.GetAsync(new Uri(changed, UriKind.Relative)), changed);
    }

    [Fact]
    public async Task After_a_deletion_or_a_new_version_a_signed_address_is_not_found()
    {
        using var owner = _media.NewOwner();
        using var anonymous = _media.Service.Client();
        var (deleted, renewed) = (await owner.ReadyPhotoAsync(), await owner.ReadyPhotoAsync());
        using var gone = await owner.DeleteAsync(deleted.Id);
        await _media.Environment.QueryAsync<int>("media", "UPDATE photos SET version = 2 WHERE id = $1 RETURNING 1", renewed.Id);
        foreach (var photo in new[] { deleted, renewed })
            await RunningMedia.AssertProblemAsync(HttpStatusCode.NotFound, await anonymous.GetAsync(new Uri(photo.UrlOf("large"), UriKind.Relative)));
    }

    [Fact]
    public async Task A_key_is_replaced_while_the_addresses_of_the_one_before_go_on()
    {
        using var owner = _media.NewOwner();
        var photo = await owner.ReadyPhotoAsync();
        var before = photo.UrlOf("large");
        var old = _media.Environment.Settings()["Media:UrlKey"];
        await using var rotated = await _media.StartReplicaAsync(new() { ["Media:UrlKey"] = "a key that takes the other one's place", ["Media:PreviousUrlKey"] = old });
        await using var forgotten = await _media.StartReplicaAsync(new() { ["Media:UrlKey"] = "a key that takes the other one's place" });

        using var ownerThere = rotated.Client(owner.Id);
        var after = System.Text.Json.JsonSerializer.Deserialize<PhotoView>(await ownerThere.GetStringAsync(new Uri($"/api/photos/{photo.Id}", UriKind.Relative)), System.Text.Json.JsonSerializerOptions.Web)!.UrlOf("large");
        Assert.NotEqual(before, after);
        Assert.Equal((true, true), (await OpensAsync(rotated, before), await OpensAsync(rotated, after)));
        Assert.Equal((false, true), (await OpensAsync(forgotten, before), await OpensAsync(forgotten, after)));
    }

    [Theory]
    [InlineData("", null)]
    [InlineData("31 bytes are one byte too few..", null)]
    [InlineData("a key that is long enough, 32+ bytes", "short")]
    public async Task Without_keys_that_are_long_enough_nothing_starts(string key, string? previous)
    {
        var exception = await Assert.ThrowsAsync<InvalidOperationException>(() => _media.StartReplicaAsync(new() { ["Media:UrlKey"] = key, ["Media:PreviousUrlKey"] = previous }));
        Assert.Contains("Media:UrlKey", exception.Message, StringComparison.Ordinal);
        Assert.True(key.Length == 0 || previous is not null || Encoding.UTF8.GetByteCount(key) == 31);
    }

    [Fact]
    public async Task A_tag_of_yesterdays_addresses_still_allows_a_change()
    {
        using var owner = _media.NewOwner();
        StartOfDay(hours: 23.99);
        var photo = await owner.ReadyPhotoAsync();
        using var read = await owner.GetAsync($"/api/photos/{photo.Id}");
        _media.Clock.Advance(TimeSpan.FromHours(1));
        using var again = await owner.GetAsync($"/api/photos/{photo.Id}");
        Assert.NotEqual(read.Headers.ETag, again.Headers.ETag);
        using var changed = await owner.PatchAsync(photo.Id, new { title = "after midnight" }, read.Headers.ETag!.ToString());
        Assert.Equal(HttpStatusCode.OK, changed.StatusCode);
    }

    private static async Task<bool> OpensAsync(RunningService service, string url)
    {
        using var anonymous = service.Client();
        using var response = await anonymous.GetAsync(new Uri(url, UriKind.Relative));
        return response.StatusCode == HttpStatusCode.OK;
    }

    /// <summary>Puts the clock to some hours after the next midnight (UTC).</summary>
    private void StartOfDay(double hours)
    {
        var now = _media.Clock.GetUtcNow().UtcDateTime;
        _media.Clock.Advance(now.Date.AddDays(1).AddHours(hours) - now);
    }
}
