using System.Net;
using System.Net.Http.Json;
using Aspire.Hosting.ApplicationModel;
using PhotoPlatform.Testing;
using PhotoPlatform.TestImages;

namespace PhotoPlatform.SystemTests;

public abstract class FaultTests(SharedPlatform shared)
{
    private readonly Platform _platform = shared.Platform;

    [Fact]
    public async Task A_worker_killed_in_the_middle_of_a_job_costs_nothing_and_the_photo_becomes_ready_once()
    {
        using var person = await Person.SignUpAsync(_platform);
        var id = await KillDuringJobAsync(person);

        Assert.Equal("ready", (await person.SettledAsync(id)).State);
        // The log may be behind the photo.
        await Eventually.GetAsync(() => Task.FromResult(Jobs(id, "Processed")), jobs => jobs > 0);
        Assert.Equal((2, 1), (Jobs(id, "Processing"), Jobs(id, "Processed")));
        Assert.Equal(1, await ReadyEventsAsync(person, id));
        Assert.InRange(_platform.Resource("photo-processor").Restarts, 1, 5);
    }

    [Fact]
    public async Task Uploads_go_on_while_RabbitMQ_is_stopped_and_become_ready_when_it_is_back()
    {
        using var person = await Person.SignUpAsync(_platform);
        await _platform.CommandAsync("bus", KnownResourceCommands.StopCommand);
        var ids = new List<Guid>();
        for (var i = 0; i < 3; i++)
            ids.Add(await person.UploadAsync(Picture.Photo(320, 240, seed: i).ToJpeg()));
        Assert.All(ids, id => Assert.Equal("pending", person.PhotoAsync(id).Result.State));

        await _platform.CommandAsync("bus", KnownResourceCommands.StartCommand);
        foreach (var id in ids)
        {
            Assert.Equal("ready", (await person.SettledAsync(id)).State);
            Assert.Equal(1, await ReadyEventsAsync(person, id));
        }
    }

    [Fact]
    public async Task Signed_in_users_stay_signed_in_while_Redis_is_stopped_and_signing_out_works_then()
    {
        using var person = await Person.SignUpAsync(_platform);
        using var leaver = await Person.SignUpAsync(_platform);
        await _platform.CommandAsync("redis", KnownResourceCommands.StopCommand);
        try
        {
            (await person.Http.GetAsync("/api/users/me")).EnsureSuccessStatusCode();
            var photo = await person.SettledAsync(await person.UploadAsync(Picture.Photo(320, 240).ToJpeg()));
            Assert.Equal("ready", photo.State);
            Assert.Equal(HttpStatusCode.NoContent, (await leaver.Http.DeleteAsync("/api/sessions/current")).StatusCode);
            Assert.Equal(HttpStatusCode.Unauthorized, (await leaver.Http.GetAsync("/api/users/me")).StatusCode);
        }
        finally
        {
            await _platform.CommandAsync("redis", KnownResourceCommands.StartCommand);
        }
        (await person.Http.GetAsync("/api/users/me")).EnsureSuccessStatusCode();
        Assert.Equal(HttpStatusCode.Unauthorized, (await leaver.Http.GetAsync("/api/users/me")).StatusCode);
    }

    /// <summary>Uploads a photo that takes long and kills the worker while its log says that it works on it; again with another if the worker was faster.</summary>
    private async Task<Guid> KillDuringJobAsync(Person person)
    {
        var slow = Picture.Photo(5600, 4200).ToJpeg(quality: 60, progressive: true);
        for (var attempt = 0; attempt < 5; attempt++)
        {
            var id = await person.UploadAsync(slow);
            await Eventually.GetAsync(() => Task.FromResult(Jobs(id, "Processing")), jobs => jobs > 0);
            _platform.Kill(Traces.InstanceThat(_platform, "photo-processor", $"Processing photo {id}"));
            if (Jobs(id, "Processed") == 0)
                return id;
        }
        throw new InvalidOperationException("The worker ended five jobs before it could be killed.");
    }

    private int Jobs(Guid id, string verb) => Traces.That(_platform, "photo-processor", $"{verb} photo {id}").Count;

    /// <summary>How often the person was told that the photo is ready: counted from the first event on, up to that of a photo that was deleted after the first telling.</summary>
    private static async Task<int> ReadyEventsAsync(Person person, Guid id)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/events");
        request.Headers.Add("Last-Event-ID", "0");
        using var response = await person.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        using var stream = new StreamReader(await response.Content.ReadAsStreamAsync());
        var (count, type, marker) = (0, "", Guid.Empty);
        while (await stream.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(60)) is { } line)
        {
            if (line.StartsWith("event: ", StringComparison.Ordinal))
                type = line["event: ".Length..];
            if (type == "photo-ready" && line.StartsWith("data:", StringComparison.Ordinal) && line.Contains(id.ToString(), StringComparison.Ordinal))
                count++;
            // Only now: events of different kinds come through different queues, of which one may be slower.
            if (count == 1 && marker == Guid.Empty)
            {
                marker = await person.UploadAsync(Picture.Photo(32, 32).ToJpeg());
                (await person.Http.DeleteAsync($"/api/photos/{marker}")).EnsureSuccessStatusCode();
            }
            if (type == "photo-deleted" && line.Contains(marker.ToString(), StringComparison.Ordinal))
                return count;
        }
        throw new InvalidOperationException("The stream ended.");
    }
}
