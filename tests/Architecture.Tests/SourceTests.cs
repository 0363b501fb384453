using PhotoPlatform.Testing;

namespace PhotoPlatform.Architecture.Tests;

public sealed class SourceTests
{
    private const int MaxLines = 400;
    private const int MaxProgramLines = 40;
    private const int MaxAppHostLines = 75;

    // In pieces, so that this file does not find itself.
    private static readonly string[] Leftovers = ["TO" + "DO", "FIX" + "ME", "Not" + "ImplementedException"];

    [Fact]
    public void No_file_is_too_long_to_read() => AssertNone("src", file => file.Lines > MaxLines && !file.Path.Contains("/Migrations/", StringComparison.Ordinal), file => $"{file.Lines} lines");

    [Fact]
    public void Each_program_is_a_table_of_contents() => AssertNone(
        "src", file => Path.GetFileName(file.Path) == "Program.cs" && file.Lines > (file.Path == "src/AppHost/Program.cs" ? MaxAppHostLines : MaxProgramLines), file => $"{file.Lines} lines");

    [Theory]
    [InlineData("src")]
    [InlineData("tests")]
    [InlineData("bench")]
    public void Nothing_is_left_for_later(string folder) => AssertNone(
        folder, file => Leftovers.Any(word => file.Text.Contains(word, StringComparison.Ordinal)), file => string.Join(", ", Leftovers.Where(word => file.Text.Contains(word, StringComparison.Ordinal))));

    [Fact]
    public void Tests_do_not_sleep() => AssertNone("tests", file => file.Text.Contains("Thread." + "Sleep", StringComparison.Ordinal), _ => "sleeps");

    [Fact]
    public void Tests_look_for_a_case_of_every_consumer()
    {
        var consuming = Read("src").Where(file => file.Text.Contains(": IConsumer<", StringComparison.Ordinal)).Select(file => file.Path.Split('/') is ["src", "Services" or "Workers", var project, ..] ? project : file.Path).Distinct();
        var looking = Read("tests").Where(file => file.Text.Contains("Consumers." + "Without(", StringComparison.Ordinal)).Select(file => file.Path.Split('/')[1]);
        Assert.Empty(consuming.Select(project => $"{project}.Tests").Except(looking));
    }

    private static void AssertNone(string folder, Predicate<SourceFile> isWrong, Func<SourceFile, string> what) =>
        Assert.Empty(Read(folder).Where(file => isWrong(file)).Select(file => $"{file.Path}: {what(file)}"));

    private static IEnumerable<SourceFile> Read(string folder) =>
        from path in Directory.EnumerateFiles(Path.Combine(Repository.Root, folder), "*.cs", SearchOption.AllDirectories)
        let relative = Path.GetRelativePath(Repository.Root, path)
        where !relative.Contains("/obj/", StringComparison.Ordinal) && !relative.Contains("/bin/", StringComparison.Ordinal)
        let text = File.ReadAllText(path)
        select new SourceFile(relative, text, text.AsSpan().Count('\n'));

    private sealed record SourceFile(string Path, string Text, int Lines);
}
