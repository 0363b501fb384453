using System.Net;
using PhotoPlatform.Contracts;
using PhotoPlatform.Media.Accounts;
using PhotoPlatform.Testing;

namespace PhotoPlatform.Media.Tests;

/// <summary>The end of accounts, on a clock that the tests put forward: each of them owns its service.</summary>
public sealed class AccountTests : IAsyncLifetime
{
    private readonly RunningMedia _media = new();

    public ValueTask InitializeAsync() => _media.InitializeAsync();

    public ValueTask DisposeAsync() => _media.DisposeAsync();

    [Fact]
    public async Task Nothing_is_left_of_a_deleted_account_but_a_mark_that_ends_after_an_hour()
    {
        using var owner = _media.NewOwner();
        using var other = _media.NewOwner();
        var kept = await other.ReadyPhotoAsync("?visibility=public");
        await owner.RegisterAsync();
        var ready = await owner.ReadyPhotoAsync("?visibility=public");
        var pending = await owner.UploadAsync();
        var hidden = await owner.ReadyPhotoAsync();
        await DeletionTests.DeleteAsync(owner, [hidden.Id]);
        var seeded = await _media.SeedAsync(owner.Id, 2 * PurgeOwnerConsumer.BatchSize);
        seeded.ForEach(photo => WriteBlob($"originals/{photo}"));

        await using var replica = await _media.StartReplicaAsync();
        await _media.DeliverOftenAsync("media-user-deleted", new UserDeleted(owner.Id, DateTimeOffset.UnixEpoch));
        await Eventually.GetAsync(owner.RowsAsync, rows => rows.Count == 0);
        await Eventually.GetAsync(() => TablesWithAsync(owner.Id), tables => tables.SequenceEqual(["owners"]));
        Assert.Equal([true], await _media.Environment.QueryAsync<bool>("media", "SELECT handle IS NULL AND photos = 0 AND bytes = 0 AND closed_at IS NOT NULL FROM owners WHERE user_id = $1", owner.Id));
        foreach (var photo in seeded.Append(ready.Id).Append(pending).Append(hidden.Id))
            Assert.Empty(_media.FilesOf(photo));
        Assert.Equal("ready", (await other.GetAsync(kept.Id)).State);
        Assert.Equal(5, _media.FilesOf(kept.Id).Count);
        // Who hears of the account is not told of its photos.
        Assert.Empty(await _media.DeletedSoFarAsync());

        // A job that was under way ends, in one of three ways.
        foreach (var late in new object[] { _media.Render(pending), new PhotoRejected(pending, 1, "late"), new PhotoProcessingFailed(pending, 1, "late") })
        {
            _media.Render(pending);
            await _media.DeliverOftenAsync($"media-{Messaging.MessageNames.ExchangeOf(late.GetType())}", late);
            Assert.Empty(_media.FilesOf(pending));
        }

        // What slips in while the mark is there goes when the mark goes.
        var slipped = (await _media.SeedAsync(owner.Id, 1))[0];
        WriteBlob($"originals/{slipped}");
        _media.Clock.Advance(ClosedAccounts.Kept);
        _media.Clock.Advance(TimeSpan.FromMinutes(1));
        await Eventually.GetAsync(() => TablesWithAsync(owner.Id), tables => tables.Count == 0);
        Assert.Empty(_media.FilesOf(slipped));
        foreach (var queue in new[] { "media-user-deleted.dead", $"{PurgeOwner.Queue}.dead", "media-purge-photos.dead" })
            Assert.Empty(await _media.Environment.PeekAsync(queue));
    }

    [Fact]
    public async Task A_purge_that_broke_off_goes_on_where_it_was()
    {
        using var owner = _media.NewOwner();
        var photos = await _media.SeedAsync(owner.Id, 3);
        WriteBlob($"originals/{photos[0]}");
        // The blobs of the others are gone already, and their rows are not.
        await _media.DeliverOftenAsync(PurgeOwner.Queue, new PurgeOwner(owner.Id), isCommand: true);
        Assert.Empty(await owner.RowsAsync());
        Assert.Empty(_media.FilesOf(photos[0]));
    }

    [Fact]
    public async Task Blobs_without_a_photo_are_swept_by_one_of_two_replicas_once_they_are_old()
    {
        using var owner = _media.NewOwner();
        await using var replica = await _media.StartReplicaAsync();
        var (ready, pending) = (await owner.ReadyPhotoAsync(), await owner.UploadAsync());
        var (lost, killed, young) = (Guid.NewGuid(), Guid.NewGuid(), Guid.NewGuid());
        string[] orphans = [$"originals/{lost}", $"renditions/{killed}/1/abc-thumb.webp", $"renditions/{killed}/2/abc-thumb.webp"];
        string[] others = [$"originals/{young}", "originals/readme.txt", $"exports/{lost}/media/photos.json"];
        foreach (var key in orphans.Concat(others))
            WriteBlob(key);
        foreach (var file in _media.Files().Where(file => !file.Contains(young.ToString(), StringComparison.Ordinal)))
            File.SetLastWriteTimeUtc(Path.Combine(_media.Blobs, file), TimeProvider.System.GetUtcNow().UtcDateTime.AddHours(-25));
        var before = _media.Files();

        _media.Clock.Advance(TimeSpan.FromHours(1));
        var expected = before.Except(orphans).ToList();
        await Eventually.GetAsync(() => Task.FromResult(_media.Files()), files => files.SequenceEqual(expected));
        Assert.Equal((5, 1), (_media.FilesOf(ready.Id).Count, _media.FilesOf(pending).Count));
        await Eventually.GetAsync(() => Task.FromResult(Sweeps(_media.Service).Concat(Sweeps(replica)).ToList()), lines => lines.Any(line => line.Contains(" 3 belonged to no photo", StringComparison.Ordinal)));

        // The next one, on whichever of them has the lock then, finds nothing.
        _media.Clock.Advance(TimeSpan.FromHours(1));
        await Eventually.GetAsync(() => Task.FromResult(Sweeps(_media.Service).Concat(Sweeps(replica)).ToList()), lines => lines.Any(line => line.Contains(" 0 belonged to no photo", StringComparison.Ordinal)));
        Assert.Equal(expected, _media.Files());
    }

    [Fact]
    public async Task Reads_take_the_connection_media_read()
    {
        using var owner = _media.NewOwner();
        var photo = await owner.UploadAsync();
        await using var split = await _media.StartReplicaAsync(new() { ["ConnectionStrings:media-read"] = "Host=127.0.0.1;Port=1;Timeout=1" });
        using var there = split.Client(owner.Id);
        foreach (var path in new[] { $"/api/photos/{photo}", "/api/photos", "/api/users/nobody/photos", $"/media/{photo}/1/1/large.webp" })
            await RunningMedia.AssertProblemAsync(HttpStatusCode.ServiceUnavailable, await there.GetAsync(new Uri(path, UriKind.Relative)), path);
        using var deleted = await there.DeleteAsync(new Uri($"/api/photos/{photo}", UriKind.Relative));
        Assert.Equal(HttpStatusCode.NoContent, deleted.StatusCode);
    }

    private static IEnumerable<string> Sweeps(RunningService service) => service.Logs.All.Select(line => line.Message).Where(message => message.StartsWith("Of ", StringComparison.Ordinal) && message.Contains("belonged to no photo", StringComparison.Ordinal));

    private void WriteBlob(string key)
    {
        var path = Path.Combine(_media.Blobs, key);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, "bytes");
    }

    /// <summary>Every table with a row in which the user's id stands, in whatever column.</summary>
    private async Task<List<string>> TablesWithAsync(Guid user)
    {
        var found = new List<string>();
        foreach (var table in await _media.Environment.QueryAsync<string>("media", "SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"))
        {
            // A message lies in the outbox as bytes.
            var text = table == "outbox" ? "convert_from(body, 'UTF8')" : "t::text";
            if ((await _media.Environment.QueryAsync<bool>("media", $"SELECT EXISTS (SELECT FROM {table} t WHERE {text} LIKE '%' || $1 || '%')", user.ToString()))[0])
                found.Add(table);
        }
        return found;
    }
}
