using System.Net;
using System.Net.Http.Headers;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using PhotoPlatform.Media.Uploads;
using PhotoPlatform.TestImages;
using PhotoPlatform.Testing;

namespace PhotoPlatform.Media.Tests;

public sealed class UploadIdempotencyTests(RunningMedia media) : IClassFixture<RunningMedia>
{
    private static readonly byte[] Jpeg = RunningMedia.Jpeg;
    private static readonly byte[] OtherJpeg = Picture.Photo(65, 48).ToJpeg();

    [Fact]
    public async Task The_same_upload_with_the_same_key_is_one_photo_with_one_answer()
    {
        using var owner = media.NewOwner();
        var (status, location, body) = await SendAsync(owner, "key", Jpeg, "?title=%20sea%20&visibility=Public");
        Assert.Equal(HttpStatusCode.Accepted, status);
        Assert.Equal((status, location, body), await SendAsync(owner, "key", Jpeg, "?title=sea&visibility=public"));
        using var form = new MultipartFormDataContent { { new StringContent("sea"), "title" }, { new ByteArrayContent(Jpeg), "photo" }, { new StringContent("public"), "visibility" } };
        Assert.Equal((status, location, body), await SendAsync(owner, "key", form, ""));
        Assert.Single(await owner.RowsAsync());
        Assert.Single(media.Files(), file => file.Contains(location!.Split('/')[^1], StringComparison.Ordinal));
    }

    [Fact]
    public async Task Another_upload_with_the_same_key_is_refused_and_another_owner_or_key_is_not()
    {
        using var owner = media.NewOwner();
        using var other = media.NewOwner();
        Assert.Equal(HttpStatusCode.Accepted, (await SendAsync(owner, "key", Jpeg)).Status);
        foreach (var (image, query) in new[] { (OtherJpeg, ""), (Jpeg, "?title=x"), (Jpeg, "?visibility=public"), (HostileFiles.Text, ""), (Jpeg, $"?title={new string('x', 300)}") })
        {
            var (status, _, body) = await SendAsync(owner, "key", image, query);
            Assert.Equal(HttpStatusCode.UnprocessableEntity, status);
            Assert.Contains("idempotency-key-reused", body, StringComparison.Ordinal);
        }
        Assert.Equal(HttpStatusCode.Accepted, (await SendAsync(owner, "KEY", Jpeg)).Status);
        Assert.Equal(HttpStatusCode.Accepted, (await SendAsync(other, "key", OtherJpeg)).Status);
        Assert.Equal(2, (await owner.RowsAsync()).Count);
    }

    [Fact]
    public async Task Of_many_at_once_on_two_replicas_one_makes_the_photo_and_all_answer_like_it()
    {
        using var owner = media.NewOwner();
        await using var replica = await media.StartReplicaAsync();
        using var there = media.Meet(owner.Id, replica);
        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => SendAsync(i % 2 == 0 ? owner : there, "key", Jpeg)));
        var answer = Assert.Single(answers.Distinct());
        Assert.Equal(HttpStatusCode.Accepted, answer.Status);
        Assert.Single(await owner.RowsAsync());
    }

    [Fact]
    public async Task The_second_waits_for_the_first_and_takes_over_when_the_first_fails_or_leaves()
    {
        using var owner = media.NewOwner();
        foreach (var leaves in new[] { true, false })
        {
            var key = $"takes-over-{leaves}";
            using var first = await BeginAsync(media.Service, owner, key, leaves ? Jpeg : Jpeg[..20]);
            var second = SendAsync(owner, key, Jpeg);
            if (leaves)
                first.Break();
            else
                await first.SendAsync(Jpeg.AsMemory(1, 19));
            var (status, _, body) = await second;
            Assert.True(status == HttpStatusCode.Accepted, body);
        }
        Assert.Equal(2, (await owner.RowsAsync()).Count);
    }

    [Fact]
    public async Task Who_waits_too_long_is_told_to_come_back()
    {
        using var owner = media.NewOwner();
        await using var impatient = await media.StartReplicaAsync(replace: services => Hold(services, wait: 0.3, lease: 10));
        using var there = media.Meet(owner.Id, impatient);
        using var first = await BeginAsync(media.Service, owner, "slow", Jpeg);
        using var request = Request("slow", new ByteArrayContent(Jpeg), "");
        using var response = await there.Http.SendAsync(request);
        Assert.NotNull(response.Headers.RetryAfter);
        Assert.Equal("idempotency-key-in-use", (await RunningMedia.AssertProblemAsync(HttpStatusCode.Conflict, response)).GetProperty("code").GetString());
        await first.SendAsync(Jpeg.AsMemory(1));
        Assert.Equal("HTTP/1.1 202 Accepted", await first.StatusLineAsync());
    }

    [Fact]
    public async Task A_slow_upload_keeps_its_key_for_longer_than_the_lease()
    {
        using var owner = media.NewOwner();
        await using var replica = await media.StartReplicaAsync(replace: services => Hold(services, wait: 30, lease: 0.6));
        using var there = media.Meet(owner.Id, replica);
        using var first = await BeginAsync(replica, there, "slow", Jpeg);
        var second = SendAsync(there, "slow", Jpeg);
        var began = Assert.Single(await HeldUntilAsync(owner));
        await Eventually.GetAsync(() => HeldUntilAsync(owner), until => until.Single() - began > TimeSpan.FromSeconds(1.5));
        Assert.False(second.IsCompleted);
        await first.SendAsync(Jpeg.AsMemory(1));
        Assert.Equal("HTTP/1.1 202 Accepted", await first.StatusLineAsync());
        Assert.Equal(HttpStatusCode.Accepted, (await second).Status);
        Assert.Single(await owner.RowsAsync());
    }

    [Fact]
    public async Task The_key_of_a_process_that_died_is_free_after_its_lease()
    {
        using var owner = media.NewOwner();
        await media.Environment.QueryAsync<object>("media", """
            INSERT INTO idempotency_keys (owner_id, key, holder, held_until, created_at) VALUES ($1, 'died', gen_random_uuid(), now() + interval '1 second', now())
            """, owner.Id);
        Assert.Equal(HttpStatusCode.Accepted, (await SendAsync(owner, "died", Jpeg)).Status);
        Assert.Single(await owner.RowsAsync());
    }

    [Fact]
    public async Task A_process_that_stood_still_for_longer_than_its_lease_makes_no_second_photo()
    {
        using var owner = media.NewOwner();
        await using var replica = await media.StartReplicaAsync(replace: services => Hold(services, wait: 30, lease: 3600));
        using var there = media.Meet(owner.Id, replica);
        using var paused = await BeginAsync(replica, there, "paused", Jpeg);
        // Its lease ends without its knowledge, and another takes over.
        await media.Environment.QueryAsync<object>("media", "UPDATE idempotency_keys SET held_until = now() - interval '1 second' WHERE owner_id = $1", owner.Id);
        var (status, location, _) = await SendAsync(owner, "paused", Jpeg);
        Assert.Equal(HttpStatusCode.Accepted, status);
        await paused.SendAsync(Jpeg.AsMemory(1));
        Assert.Equal("HTTP/1.1 202 Accepted", await paused.StatusLineAsync());
        Assert.Contains($"Location: {location}", await paused.HeadersAsync());
        Assert.Single(await owner.RowsAsync());
        Assert.Equal((await media.Environment.QueryAsync<Guid>("media", "SELECT id FROM photos")).Count, media.Files().Count);
    }

    [Fact]
    public async Task A_failed_upload_leaves_its_key_free()
    {
        using var owner = media.NewOwner();
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, (await SendAsync(owner, "key", HostileFiles.Text)).Status);
        Assert.Empty(await media.Environment.QueryAsync<string>("media", "SELECT key FROM idempotency_keys WHERE owner_id = $1", owner.Id));
        Assert.Equal(HttpStatusCode.Accepted, (await SendAsync(owner, "key", Jpeg)).Status);
    }

    [Fact]
    public async Task After_its_photo_was_deleted_a_key_is_answered_as_the_first_time()
    {
        using var owner = media.NewOwner();
        var first = await SendAsync(owner, "key", Jpeg);
        using var deleted = await owner.DeleteAsync(Guid.Parse(first.Location!.Split('/')[^1]));
        Assert.Equal(first, await SendAsync(owner, "key", Jpeg));
        Assert.Empty(await owner.RowsAsync());
    }

    [Fact]
    public async Task A_replay_is_answered_also_when_the_quota_is_used_up()
    {
        using var owner = media.NewOwner();
        await using var small = await media.StartReplicaAsync(new() { ["Media:Quota:Photos"] = "1" });
        using var there = media.Meet(owner.Id, small);
        var first = await SendAsync(there, "key", Jpeg);
        Assert.Equal(first, await SendAsync(there, "key", Jpeg));
        Assert.Equal(HttpStatusCode.Forbidden, (await SendAsync(there, "other", Jpeg)).Status);
    }

    [Fact]
    public async Task After_a_day_a_key_is_new_and_its_row_is_swept()
    {
        using var owner = media.NewOwner();
        var clock = new TestClock();
        await using var replica = await media.StartReplicaAsync(replace: services => services.Replace(ServiceDescriptor.Singleton<TimeProvider>(clock)));
        var first = await SendAsync(owner, "used-again", Jpeg);
        await SendAsync(owner, "swept", Jpeg);
        await media.Environment.QueryAsync<object>("media", "UPDATE idempotency_keys SET created_at = created_at - interval '24 hours' WHERE owner_id = $1", owner.Id);
        var second = await SendAsync(owner, "used-again", Jpeg);
        Assert.Equal(HttpStatusCode.Accepted, second.Status);
        Assert.NotEqual(first.Location, second.Location);
        clock.Advance(TimeSpan.FromMinutes(6));
        await Eventually.GetAsync(() => media.Environment.QueryAsync<string>("media", "SELECT key FROM idempotency_keys WHERE owner_id = $1", owner.Id), keys => keys.SequenceEqual(["used-again"]));
    }

    [Theory]
    [InlineData("")]
    [InlineData("a b")]
    [InlineData("a\tb")]
    [InlineData("\u00e4")]
    [InlineData("201")]
    public async Task A_key_of_another_form_is_a_bad_request(string key)
    {
        using var owner = media.NewOwner();
        key = key == "201" ? new string('k', 201) : key;
        using var raw = await RawRequest.SendAsync(media.Service, owner, "POST", "/api/photos", $"Idempotency-Key: {key}", "Content-Type: image/jpeg", "Content-Length: 10");
        Assert.Equal("HTTP/1.1 400 Bad Request", await raw.StatusLineAsync());
        Assert.Empty(await owner.RowsAsync());
    }

    private static void Hold(IServiceCollection services, double wait, double lease) =>
        services.Replace(ServiceDescriptor.Singleton(new IdempotencyTiming(TimeSpan.FromSeconds(wait), TimeSpan.FromSeconds(lease))));

    /// <summary>An upload that has sent its first byte and holds its key.</summary>
    private async Task<RawRequest> BeginAsync(RunningService service, Owner owner, string key, byte[] image)
    {
        var request = await RawRequest.SendAsync(service, owner, "POST", "/api/photos", $"Idempotency-Key: {key}", "Content-Type: image/jpeg", $"Content-Length: {image.Length}");
        await request.SendAsync(image.AsMemory(0, 1));
        await Eventually.GetAsync(() => media.Environment.QueryAsync<string>("media", "SELECT key FROM idempotency_keys WHERE owner_id = $1 AND key = $2", owner.Id, key), rows => rows.Count == 1);
        return request;
    }

    private Task<List<DateTime>> HeldUntilAsync(Owner owner) => media.Environment.QueryAsync<DateTime>("media", "SELECT held_until FROM idempotency_keys WHERE owner_id = $1", owner.Id);

    private static Task<(HttpStatusCode Status, string? Location, string Body)> SendAsync(Owner owner, string key, byte[] image, string query = "") =>
        SendAsync(owner, key, new ByteArrayContent(image) { Headers = { ContentType = new MediaTypeHeaderValue("image/jpeg") } }, query);

    private static async Task<(HttpStatusCode Status, string? Location, string Body)> SendAsync(Owner owner, string key, HttpContent content, string query)
    {
        using var request = Request(key, content, query);
        using var response = await owner.Http.SendAsync(request);
        return (response.StatusCode, response.Headers.Location?.ToString(), await response.WithoutTraceAsync());
    }

    private static HttpRequestMessage Request(string key, HttpContent content, string query)
    {
        content.Headers.ContentType ??= new MediaTypeHeaderValue("image/jpeg");
        var request = new HttpRequestMessage(HttpMethod.Post, $"/api/photos{query}") { Content = content };
        request.Headers.TryAddWithoutValidation("Idempotency-Key", key);
        return request;
    }
}
