namespace PhotoPlatform.SystemTests;

/// <summary>One of each, started once for all tests on it.</summary>
[CollectionDefinition(Name)]
public sealed class SinglePlatform() : SharedPlatform(Name), ICollectionFixture<SinglePlatform>
{
    public const string Name = "single";
}

/// <summary>Two of each behind the gateway, started once for all tests on it.</summary>
[CollectionDefinition(Name)]
public sealed class ScaledPlatform() : SharedPlatform(Name), ICollectionFixture<ScaledPlatform>
{
    public const string Name = "scaled";
}

// What a person notices must not depend on how many there are: the same tests on both.

[Collection(SinglePlatform.Name)]
public sealed class SingleSignUpTests(SinglePlatform platform) : SignUpTests(platform);

[Collection(ScaledPlatform.Name)]
public sealed class ScaledSignUpTests(ScaledPlatform platform) : SignUpTests(platform);

[Collection(SinglePlatform.Name)]
public sealed class SingleUploadTests(SinglePlatform platform) : UploadTests(platform);

[Collection(ScaledPlatform.Name)]
public sealed class ScaledUploadTests(ScaledPlatform platform) : UploadTests(platform);

[Collection(SinglePlatform.Name)]
public sealed class SingleFaultTests(SinglePlatform platform) : FaultTests(platform);

[Collection(ScaledPlatform.Name)]
public sealed class ScaledFaultTests(ScaledPlatform platform) : FaultTests(platform);

[Collection(SinglePlatform.Name)]
public sealed class SingleWebPageTests(SinglePlatform platform) : WebPageTests(platform);

[Collection(ScaledPlatform.Name)]
public sealed class ScaledWebPageTests(ScaledPlatform platform) : WebPageTests(platform);
