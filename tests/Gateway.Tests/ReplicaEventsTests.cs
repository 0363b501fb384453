using System.Text;
using PhotoPlatform.Gateway.Proxy;

namespace PhotoPlatform.Gateway.Tests;

public sealed class ReplicaEventsTests
{
    [Theory]
    [InlineData("data: {\"addresses\":[]}\n\n", "")]
    [InlineData(": hello\nid: 7\n\ndata:{\"addresses\":[\"http://localhost:20123/\",\"http://LOCALHOST:20123\"]}\r\n\r\n", "http://localhost:20123")]
    [InlineData("data: {\"addresses\":\ndata: [\"http://127.0.0.1:1\",\ndata: \"http://[::1]:2\"], \"more\": 1}\n\n", "http://127.0.0.1:1 http://[::1]:2")]
    [InlineData("data: {\"addresses\":[\"http://a:1\"]}\n\ndata: {\"addresses\":[\"http://b:1\"]}\n\ndata: {\"addresses\":[\"http://c:1\"]}", "http://a:1 / http://b:1")]
    public async Task Each_event_is_a_list_however_its_bytes_arrive(string text, string lists)
    {
        Assert.Equal(lists, string.Join(" / ", (await ReadAsync(new MemoryStream(Encoding.UTF8.GetBytes(text)))).Select(list => string.Join(' ', list))));
        Assert.Equal(lists, string.Join(" / ", (await ReadAsync(new ByteByByte(Encoding.UTF8.GetBytes(text)))).Select(list => string.Join(' ', list))));
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("{\"addresses\":null}")]
    [InlineData("{\"addresses\":[null]}")]
    [InlineData("{\"addresses\":[20123]}")]
    [InlineData("{\"addresses\":[\"localhost:20123\"]}")]
    [InlineData("{\"addresses\":[\"/api\"]}")]
    [InlineData("{\"addresses\":[\"file:///etc/passwd\"]}")]
    [InlineData("{\"addresses\":[\"https://localhost:20123\"]}")]
    [InlineData("{\"addresses\":[\"http://localhost:0\"]}")]
    [InlineData("{\"addresses\":[\"http://localhost:20123/path\"]}")]
    [InlineData("{\"addresses\":[\"http://localhost:20123/?query\"]}")]
    [InlineData("{\"addresses\":[\"http://localhost:20123/#fragment\"]}")]
    [InlineData("{\"addresses\":[\"http://user@localhost:20123\"]}")]
    public void What_is_not_a_list_of_addresses_is_refused(string data) => Assert.Throws<InvalidDataException>(() => ReplicaEvents.Addresses(data));

    [Fact]
    public async Task Too_much_is_refused()
    {
        Assert.Equal(100, ReplicaEvents.Addresses(Addresses(100)).Length);
        Assert.Throws<InvalidDataException>(() => ReplicaEvents.Addresses(Addresses(101)));
        await Assert.ThrowsAsync<InvalidDataException>(() => ReadAsync(new Endless("x")));
        await Assert.ThrowsAsync<InvalidDataException>(() => ReadAsync(new Endless("data: x\n")));

        static string Addresses(int count) => $"{{\"addresses\":[{string.Join(',', Enumerable.Range(1, count).Select(port => $"\"http://localhost:{port}\""))}]}}";
    }

    private static Task<List<string[]>> ReadAsync(Stream stream) => ReplicaEvents.ReadAsync(stream, () => { }, CancellationToken.None).ToListAsync().AsTask();

    /// <summary>Gives one byte at a time.</summary>
    private sealed class ByteByByte(byte[] bytes) : MemoryStream(bytes)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => base.ReadAsync(buffer[..1], cancellationToken);
    }

    /// <summary>Gives the same text again and again.</summary>
    private sealed class Endless(string text) : MemoryStream
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => ValueTask.FromResult(Encoding.UTF8.GetBytes(text, buffer.Span));
    }
}
