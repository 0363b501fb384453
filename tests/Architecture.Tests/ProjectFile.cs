using System.Xml.Linq;
using PhotoPlatform.Testing;

namespace PhotoPlatform.Architecture.Tests;

/// <summary>What a project file says of the project's dependencies, under any condition.</summary>
internal sealed record ProjectFile(string Name, string Folder, HashSet<string> References, HashSet<string> Packages)
{
    internal static Dictionary<string, ProjectFile> ReadAll(string folder) =>
        Directory.EnumerateFiles(folder, "*.csproj", SearchOption.AllDirectories).Select(Read).ToDictionary(project => project.Name);

    /// <summary>Whether it lies in this folder of <c>src</c>.</summary>
    internal bool IsIn(string folder) => Folder.StartsWith(Path.Combine(Repository.Root, "src", folder) + Path.DirectorySeparatorChar, StringComparison.Ordinal);

    private static ProjectFile Read(string path)
    {
        var xml = XDocument.Load(path);
        return new ProjectFile(Path.GetFileNameWithoutExtension(path), Path.GetDirectoryName(path)!,
            [.. Includes("ProjectReference").Select(Path.GetFileNameWithoutExtension).OfType<string>()], [.. Includes("PackageReference")]);

        IEnumerable<string> Includes(string item) => xml.Descendants(item).Attributes("Include").Select(attribute => attribute.Value);
    }
}
