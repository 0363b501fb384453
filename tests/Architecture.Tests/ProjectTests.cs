using System.Xml.Linq;
using PhotoPlatform.Testing;

namespace PhotoPlatform.Architecture.Tests;

/// <summary>Who may know whom, read from the project files.</summary>
public sealed class ProjectTests
{
    private static readonly Dictionary<string, ProjectFile> Projects = ProjectFile.ReadAll(Path.Combine(Repository.Root, "src"));

    private static readonly string[] Shared = ["Contracts", "ServiceDefaults", "Messaging", "Storage"];

    public static TheoryData<string> Deployables => [.. Projects.Values.Where(project => project.IsIn("Services") || project.IsIn("Workers")).Select(project => project.Name)];

    public static TheoryData<string> All => [.. Projects.Keys];

    [Fact]
    public void Contracts_know_nobody()
    {
        Assert.Empty(Projects["Contracts"].References);
        Assert.Empty(Projects["Contracts"].Packages);
    }

    [Fact]
    public void Local_hosting_knows_nothing_of_the_platform_and_needs_no_package()
    {
        Assert.Empty(Projects["LocalHosting"].References);
        Assert.Empty(Projects["LocalHosting"].Packages);
    }

    [Theory]
    [MemberData(nameof(Deployables))]
    public void A_service_or_worker_knows_the_shared_parts_only(string name)
    {
        string[] more = name switch
        {
            "Media" => ["Imaging.Formats"],
            "PhotoProcessor" => ["Imaging.Formats", "Imaging"],
            _ => [],
        };
        AssertKnowsOnly(name, [.. Shared, .. more]);
    }

    [Fact]
    public void The_gateway_knows_the_contracts_the_defaults_and_the_page() => AssertKnowsOnly("Gateway", "Contracts", "ServiceDefaults", "Web");

    [Theory]
    [InlineData("ServiceDefaults", "Contracts")]
    [InlineData("Messaging", "Contracts", "ServiceDefaults")]
    [InlineData("DeadLetterDesk", "Messaging")]
    [InlineData("Storage")]
    [InlineData("Imaging.Formats")]
    [InlineData("Imaging", "Imaging.Formats")]
    [InlineData("Web")]
    public void A_shared_part_knows_only_those_below_it(string name, params string[] below) => AssertKnowsOnly(name, below);

    [Theory]
    [MemberData(nameof(All))]
    public void Only_the_app_host_names_services_and_nobody_names_it(string name)
    {
        var references = Projects[name].References;
        Assert.DoesNotContain("AppHost", references);
        if (name != "AppHost")
            Assert.DoesNotContain(references, reference => Projects[reference].IsIn("Services") || Projects[reference].IsIn("Workers") || reference == "Gateway");
    }

    [Fact]
    public void Only_the_app_host_knows_local_hosting() => Assert.Equal(["AppHost"], Projects.Values.Where(project => project.References.Contains("LocalHosting")).Select(project => project.Name));

    [Fact]
    public void Only_messaging_and_its_users_speak_to_the_bus() =>
        Assert.Equal(["Messaging"], Projects.Values.Where(project => project.Packages.Any(package => package.StartsWith("MassTransit", StringComparison.Ordinal) || package.StartsWith("RabbitMQ", StringComparison.Ordinal))).Select(project => project.Name));

    [Fact]
    public void The_outbox_of_the_bus_is_asked_for_and_compiled_with_its_switch_only()
    {
        var project = XDocument.Load(Path.Combine(Projects["Messaging"].Folder, "Messaging.csproj"));

        Assert.Equal("'$(UseMassTransitOutbox)' == 'true'", ConditionOf("PackageReference", "Include", "MassTransit.EntityFrameworkCore"));
        Assert.Equal("'$(UseMassTransitOutbox)' != 'true'", ConditionOf("Compile", "Remove", "MassTransitOutbox/**"));

        string? ConditionOf(string item, string attribute, string value) =>
            project.Descendants(item).Single(found => found.Attribute(attribute)?.Value == value).Parent!.Attribute("Condition")?.Value;
    }

    private static void AssertKnowsOnly(string name, params string[] allowed) => Assert.Empty(Projects[name].References.Except(allowed));
}
