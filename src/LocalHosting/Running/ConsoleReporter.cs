namespace LocalHosting.Running;

/// <summary>What a person at the terminal sees: the life of the resources and their errors; with <c>--verbose</c> every line of every resource.</summary>
internal sealed class ConsoleReporter(TextWriter output, bool verbose, IReadOnlySet<string> quietResources)
{
    private readonly Lock _access = new();

    public void Line(string text)
    {
        lock (_access)
        {
            try
            {
                output.WriteLine(text);
                output.Flush();
            }
            catch (IOException)
            {
                // A terminal that has gone or a full disk is no reason to stop; the line stands in the resource's log.
            }
        }
    }

    /// <summary>A change in the life of a resource.</summary>
    public void Lifecycle(string resource, string text, bool isError) => Line($"[{resource}{(isError ? "!" : "")}] {text}");

    /// <summary>A line that a resource wrote. Servers write their ordinary log to standard error, so theirs is shown only when asked for.</summary>
    public void ResourceLine(string resource, string text, bool isError)
    {
        if (verbose || (isError && !quietResources.Contains(resource)))
            Lifecycle(resource, text, isError);
    }
}
