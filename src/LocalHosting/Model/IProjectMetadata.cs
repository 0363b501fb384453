using Aspire.Hosting.ApplicationModel;

namespace Aspire.Hosting
{
    /// <summary>Where a project is. The build generates one class per project reference: <c>Projects.NAME</c>.</summary>
    public interface IProjectMetadata : IResourceAnnotation
    {
        /// <summary>Absolute path of the project file.</summary>
        string ProjectPath { get; }

        LaunchSettings? LaunchSettings => null;

        bool SuppressBuild => false;

        bool IsFileBasedApp => false;
    }

    /// <summary>The content of <c>Properties/launchSettings.json</c>.</summary>
    public sealed class LaunchSettings
    {
        public Dictionary<string, LaunchProfile> Profiles { get; set; } = [];
    }

    /// <summary>One profile of <see cref="LaunchSettings"/>.</summary>
    public sealed class LaunchProfile
    {
        public string? CommandName { get; set; }

        public string? CommandLineArgs { get; set; }

        public bool? LaunchBrowser { get; set; }

        public string? LaunchUrl { get; set; }

        public string? ApplicationUrl { get; set; }

        public Dictionary<string, string> EnvironmentVariables { get; set; } = [];
    }

    /// <summary>How a project resource is set up.</summary>
    public class ProjectResourceOptions
    {
        /// <summary>The profile to use; it must exist. Null: the first one of the project, if any.</summary>
        public string? LaunchProfileName { get; set; }

        public bool ExcludeLaunchProfile { get; set; }

        public bool ExcludeKestrelEndpoints { get; set; }
    }
}

namespace LocalHosting
{
    /// <summary>A project whose build output is known; the build generates it.</summary>
    public interface IBuiltProject : Aspire.Hosting.IProjectMetadata
    {
        /// <summary>Absolute path of the assembly to run.</summary>
        string TargetPath { get; }
    }
}
