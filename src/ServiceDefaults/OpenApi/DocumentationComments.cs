using System.Collections.Concurrent;
using System.Reflection;
using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace PhotoPlatform.ServiceDefaults.OpenApi;

/// <summary>
/// Documentation comments, from the XML files that the compiler writes beside the programs: what a person reads in the code is what the API description says.
/// A type without a comment, or a program without its file, has none.
/// </summary>
internal sealed partial class DocumentationComments
{
    private readonly ConcurrentDictionary<Assembly, Dictionary<string, XElement>> _files = new();

    /// <summary>The summary of a type, or null.</summary>
    internal string? SummaryOf(Type type) => Text(Member(type)?.Element("summary"));

    /// <summary>The summary of a handler's method, otherwise of its type; or null.</summary>
    internal string? SummaryOf(MethodInfo handler)
    {
        if (handler.DeclaringType is not { FullName: not null } type)
            return null;
        // The key goes on with the parameters; a use case has no two methods of one name.
        var method = Members(type).FirstOrDefault(member => member.Key.StartsWith($"M:{NameOf(type)}.{handler.Name}(", StringComparison.Ordinal)).Value;
        return Text(method?.Element("summary")) ?? SummaryOf(type);
    }

    /// <summary>What the comment says of a record's property: its parameter, or its own summary; null when nothing.</summary>
    internal string? SummaryOf(Type type, string property) =>
        Text(Member(type)?.Elements("param").FirstOrDefault(param => param.Attribute("name")?.Value == property))
        ?? Text(Members(type).GetValueOrDefault($"P:{NameOf(type)}.{property}")?.Element("summary"));

    private XElement? Member(Type type) => Members(type).GetValueOrDefault($"T:{NameOf(type)}");

    private Dictionary<string, XElement> Members(Type type) => _files.GetOrAdd(type.Assembly, Read);

    private static string NameOf(Type type) => (type.IsGenericType ? type.GetGenericTypeDefinition() : type).FullName!.Replace('+', '.');

    private static Dictionary<string, XElement> Read(Assembly assembly)
    {
        var file = Path.ChangeExtension(assembly.Location, ".xml");
        return File.Exists(file)
            ? XDocument.Load(file).Descendants("member").ToDictionary(member => member.Attribute("name")!.Value)
            : [];
    }

    /// <summary>The plain text: a reference becomes the name of what it refers to.</summary>
    private static string? Text(XElement? element)
    {
        if (element is null)
            return null;
        var words = element.DescendantNodes().Select(node => node switch
        {
            XText text => text.Value,
            XElement { IsEmpty: true } reference => (reference.Attribute("cref") ?? reference.Attribute("name") ?? reference.Attribute("langword"))?.Value.Split('(')[0].Split('.', ':')[^1],
            _ => null,
        });
        return Blanks().Replace(string.Concat(words), " ").Trim() is { Length: > 0 } found ? found : null;
    }

    [GeneratedRegex(@"\s+")]
    private static partial Regex Blanks();
}
