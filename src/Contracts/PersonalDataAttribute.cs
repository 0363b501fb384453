namespace PhotoPlatform.Contracts;

/// <summary>Marks a message that carries personal data, so that dead letters, archives and stored telemetry can honour a deletion.</summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class PersonalDataAttribute : Attribute;
