namespace PhotoPlatform.Testing;

/// <summary>The checkout that the tests run in.</summary>
public static class Repository
{
    /// <summary>Its folder.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>The built program of a project.</summary>
    public static string Program(string folder, string project)
    {
        var path = Path.Combine(Root, folder, "bin", "Debug", "net10.0", $"PhotoPlatform.{project}.dll");
        return File.Exists(path) ? path : throw new FileNotFoundException($"'{path}' is not built: build PhotoPlatform.sln first.");
    }

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "PhotoPlatform.sln")))
                return folder.FullName;
        }
        throw new InvalidOperationException("The tests do not run inside the repository.");
    }
}
