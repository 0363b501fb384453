using Aspire.Hosting.ApplicationModel;

namespace LocalHosting.Values;

/// <summary>The value that Program.cs gives, which a manifest tells only if it may.</summary>
internal sealed class GivenDefault(Func<string> value, bool isPublished) : ParameterDefault
{
    public bool IsPublished => isPublished;

    public override string GetDefaultValue() => value();
}
