using System.Net.Sockets;
using System.Text;
using PhotoPlatform.ServiceDefaults.Identity;
using PhotoPlatform.Testing;

namespace PhotoPlatform.Media.Tests;

/// <summary>A request whose body is sent piece by piece, and may break off.</summary>
internal sealed class RawRequest : IDisposable
{
    private readonly TcpClient _client = new();
    private StreamReader? _reader;

    /// <summary>Connects and sends the head.</summary>
    internal static async Task<RawRequest> SendAsync(RunningService service, Owner owner, string method, string path, params string[] headers)
    {
        var request = new RawRequest();
        await request._client.ConnectAsync(service.Address.Host, service.Address.Port);
        var identity = Assert.Single(owner.Http.DefaultRequestHeaders.GetValues(IdentitySigner.Header));
        await request.SendAsync(Encoding.UTF8.GetBytes($"{method} {path} HTTP/1.1\r\nHost: media\r\n{IdentitySigner.Header}: {identity}\r\n{string.Join("\r\n", headers)}\r\n\r\n"));
        return request;
    }

    internal async Task SendAsync(ReadOnlyMemory<byte> bytes) => await _client.GetStream().WriteAsync(bytes);

    /// <summary>The first line of the answer.</summary>
    internal async Task<string?> StatusLineAsync()
    {
        _reader ??= new StreamReader(_client.GetStream());
        return await _reader.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(30));
    }

    /// <summary>The rest of the answer's head.</summary>
    internal async Task<List<string>> HeadersAsync()
    {
        var headers = new List<string>();
        while (await StatusLineAsync() is { Length: > 0 } line)
            headers.Add(line);
        return headers;
    }

    /// <summary>Leaves without a word.</summary>
    internal void Break()
    {
        _client.LingerState = new LingerOption(true, 0);
        _client.Close();
    }

    public void Dispose()
    {
        _reader?.Dispose();
        _client.Dispose();
    }
}
