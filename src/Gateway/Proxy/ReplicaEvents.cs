using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace PhotoPlatform.Gateway.Proxy;

/// <summary>What the control address says about a service's replicas: server-sent events (WHATWG HTML 9.2) with <c>{"addresses":["http://localhost:20123"]}</c>.</summary>
internal static partial class ReplicaEvents
{
    /// <summary>The longest line, and the longest event, in bytes.</summary>
    internal const int MaxBytes = 64 * 1024;

    /// <summary>The most replicas of a service.</summary>
    internal const int MaxAddresses = 100;

    private sealed record ReplicaList(string?[]? Addresses);

    // Generated code, because this is read when the gateway starts, where reflection would cost the first requests time.
    [JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
    [JsonSerializable(typeof(ReplicaList))]
    private sealed partial class Json : JsonSerializerContext;

    /// <summary>The addresses of each event, as they come.</summary>
    /// <param name="stream">The answer's body.</param>
    /// <param name="heard">Called whenever bytes have come.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <exception cref="InvalidDataException">It is not what a control address says.</exception>
    internal static async IAsyncEnumerable<string[]> ReadAsync(Stream stream, Action heard, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var data = new StringBuilder();
        await foreach (var line in LinesAsync(stream, heard, cancellationToken))
        {
            if (line.Length == 0 && data.Length > 0)
            {
                yield return Addresses(data.ToString());
                data.Clear();
            }
            // The newline between two pieces of data is white space to JSON, as the one before the first is.
            else if (line.StartsWith("data:", StringComparison.Ordinal))
                data.Append('\n').Append(line, "data:".Length, line.Length - "data:".Length);
            if (data.Length > MaxBytes)
                throw new InvalidDataException($"an event is longer than {MaxBytes} bytes");
        }
    }

    /// <summary>The addresses in the data of an event, without repetitions, each as <c>http://HOST:PORT</c>.</summary>
    /// <exception cref="InvalidDataException">There is something else in it.</exception>
    internal static string[] Addresses(string data)
    {
        ReplicaList? list;
        try
        {
            list = JsonSerializer.Deserialize(data, Json.Default.ReplicaList);
        }
        catch (JsonException exception)
        {
            throw new InvalidDataException("an event is not a list of addresses in JSON", exception);
        }
        if (list?.Addresses is not { } addresses)
            throw new InvalidDataException("an event has no list of addresses");
        if (addresses.Length > MaxAddresses)
            throw new InvalidDataException($"an event has {addresses.Length} addresses, more than {MaxAddresses}");
        return [.. addresses.Select(Address).Distinct()];
    }

    private static string Address(string? text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri is { Scheme: "http", PathAndQuery: "/", Fragment: "", UserInfo: "", Host.Length: > 0, Port: > 0 }
            ? uri.GetLeftPart(UriPartial.Authority)
            : throw new InvalidDataException("an address is not of the form http://HOST:PORT");

    private static async IAsyncEnumerable<string> LinesAsync(Stream stream, Action heard, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var reader = PipeReader.Create(stream, new StreamPipeReaderOptions(leaveOpen: true));
        try
        {
            while (true)
            {
                var read = await reader.ReadAsync(cancellationToken);
                heard();
                var rest = read.Buffer;
                while (rest.PositionOf((byte)'\n') is { } end)
                {
                    yield return Encoding.UTF8.GetString(rest.Slice(0, end)).TrimEnd('\r');
                    rest = rest.Slice(rest.GetPosition(1, end));
                }
                if (rest.Length > MaxBytes)
                    throw new InvalidDataException($"a line is longer than {MaxBytes} bytes");
                if (read.IsCompleted)
                    yield break;
                reader.AdvanceTo(rest.Start, rest.End);
            }
        }
        finally
        {
            await reader.CompleteAsync();
        }
    }
}
