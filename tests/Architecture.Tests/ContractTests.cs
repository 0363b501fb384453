using System.Reflection;
using PhotoPlatform.Contracts;

namespace PhotoPlatform.Architecture.Tests;

public sealed class ContractTests
{
    private static readonly string[] PersonalWords = ["email", "name", "handle", "password", "address", "phone"];

    public static TheoryData<Type> Messages => [.. Records().Where(type => type.GetConstructors().Length > 0)];

    [Theory]
    [MemberData(nameof(Messages))]
    public void A_message_has_a_namespace_and_is_sealed(Type message)
    {
        Assert.Equal("PhotoPlatform.Contracts", message.Namespace);
        Assert.True(message.IsSealed);
    }

    [Theory]
    [MemberData(nameof(Messages))]
    public void A_message_that_carries_personal_data_says_so(Type message)
    {
        var personal = message.GetProperties().Where(IsPersonal).Select(property => property.Name).ToArray();
        Assert.True(personal.Length == 0 || message.IsDefined(typeof(PersonalDataAttribute)), $"{message.Name} carries {string.Join(", ", personal)} and is not marked [PersonalData].");
    }

    /// <summary>Records, found by the method that the compiler gives them.</summary>
    private static IEnumerable<Type> Records() => typeof(PersonalDataAttribute).Assembly.GetTypes().Where(type => type.IsPublic && type.GetMethod("<Clone>$") is not null);

    private static bool IsPersonal(PropertyInfo property) =>
        // The name of a rendition, such as "thumb", is nobody's.
        property.DeclaringType != typeof(RenditionFile)
        && property.PropertyType == typeof(string)
        && (property.Name == "To" || PersonalWords.Any(word => property.Name.Contains(word, StringComparison.OrdinalIgnoreCase)));
}
