using Aspire.Hosting.ApplicationModel;
using LocalHosting.Building;
using LocalHosting.Processes;

namespace Aspire.Hosting;

/// <summary>.NET projects as resources.</summary>
public static class ProjectResourceBuilderExtensions
{
    /// <summary>A project of this solution; the build generates <c>Projects.NAME</c> for every project reference of the AppHost.</summary>
    public static IResourceBuilder<ProjectResource> AddProject<TProject>(this IDistributedApplicationBuilder builder, string name)
        where TProject : IProjectMetadata, new() => builder.AddProject<TProject>(name, _ => { });

    /// <summary>The same with a launch profile, which must exist; null: without one.</summary>
    public static IResourceBuilder<ProjectResource> AddProject<TProject>(this IDistributedApplicationBuilder builder, string name, string? launchProfileName)
        where TProject : IProjectMetadata, new() => builder.AddProject<TProject>(name, options => Choose(options, launchProfileName));

    /// <inheritdoc cref="AddProject{TProject}(IDistributedApplicationBuilder, string)"/>
    public static IResourceBuilder<ProjectResource> AddProject<TProject>(this IDistributedApplicationBuilder builder, string name, Action<ProjectResourceOptions> configure)
        where TProject : IProjectMetadata, new() => builder.AddProject(name, new TProject(), configure);

    /// <summary>A project by the path of its project file, relative to the AppHost's directory. It is built before it starts, unless the AppHost references it.</summary>
    public static IResourceBuilder<ProjectResource> AddProject(this IDistributedApplicationBuilder builder, string name, string projectPath) =>
        builder.AddProject(name, projectPath, _ => { });

    /// <inheritdoc cref="AddProject(IDistributedApplicationBuilder, string, string)"/>
    public static IResourceBuilder<ProjectResource> AddProject(this IDistributedApplicationBuilder builder, string name, string projectPath, string? launchProfileName) =>
        builder.AddProject(name, projectPath, options => Choose(options, launchProfileName));

    /// <inheritdoc cref="AddProject(IDistributedApplicationBuilder, string, string)"/>
    public static IResourceBuilder<ProjectResource> AddProject(this IDistributedApplicationBuilder builder, string name, string projectPath,
        Action<ProjectResourceOptions> configure)
    {
        var path = Path.GetFullPath(projectPath, builder.AppHostDirectory);
        var referenced = builder.AppHostAssembly?.GetTypes()
            .Where(type => type is { Namespace: "Projects", IsAbstract: false } && type.IsAssignableTo(typeof(LocalHosting.IBuiltProject)))
            .Select(type => (LocalHosting.IBuiltProject)Activator.CreateInstance(type)!)
            .FirstOrDefault(project => project.ProjectPath == path);
        return builder.AddProject(name, referenced ?? (IProjectMetadata)new ProjectAtPath(path), configure);
    }

    /// <summary>
    /// Processes named NAME-1, NAME-2 and so on for one resource, each with a port of its own. A proxy before them has the resource's address and gives each
    /// connection to the next one in turn. How many there are can be changed while the application runs; a project without this call is one process, NAME.
    /// </summary>
    /// <exception cref="DistributedApplicationException">Less than one replica, or more than 100.</exception>
    public static IResourceBuilder<ProjectResource> WithReplicas(this IResourceBuilder<ProjectResource> builder, int replicas) => replicas is >= 1 and <= ReplicasAnnotation.Most
        ? builder.WithAnnotation(new ReplicaAnnotation(replicas), ResourceAnnotationMutationBehavior.Replace)
        : throw new DistributedApplicationException($"Resource '{builder.Resource.Name}' asks for {replicas} replicas; there can be 1 to {ReplicasAnnotation.Most}.");

    private static IResourceBuilder<ProjectResource> AddProject(this IDistributedApplicationBuilder builder, string name, IProjectMetadata metadata,
        Action<ProjectResourceOptions> configure)
    {
        var options = new ProjectResourceOptions();
        configure(options);
        var project = builder.AddResource(new ProjectResource(name))
            .WithAnnotation(metadata)
            .WithAnnotation(new ProcessRecipeAnnotation(new ProjectRecipe(metadata)))
            .WithProjectDefaults();
        var hasKestrelEndpoints = !options.ExcludeKestrelEndpoints && KestrelEndpoints.AddTo(project, metadata.ProjectPath);
        if (!options.ExcludeLaunchProfile && LaunchProfiles.Select(metadata, options.LaunchProfileName, builder.Configuration) is var (profileName, profile))
        {
            if (!hasKestrelEndpoints)
                LaunchProfiles.AddEndpoints(project, profile);
            LaunchProfiles.AddValues(project, profileName, profile);
        }
        return project;
    }

    private static void Choose(ProjectResourceOptions options, string? launchProfileName)
    {
        options.LaunchProfileName = launchProfileName;
        options.ExcludeLaunchProfile = launchProfileName is null;
    }

    private sealed class ProjectAtPath(string path) : IProjectMetadata
    {
        public string ProjectPath => path;
    }
}
