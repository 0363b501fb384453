using PhotoPlatform.Imaging.Formats;

namespace PhotoPlatform.Imaging;

/// <summary>
/// Makes renditions of hostile bytes. The seam between what a photo job does and where decoding happens: in this process
/// (<see cref="VipsPhotoRenderer"/>) or behind a wall.
/// </summary>
public interface IPhotoRenderer
{
    /// <summary>
    /// Renders the whole set, or says why the input does not allow it. The same input gives the same bytes. Checks type,
    /// length and header itself before anything native sees a byte.
    /// </summary>
    /// <param name="original">The uploaded file. Must not change before the task ends.</param>
    /// <param name="set">What to make.</param>
    /// <param name="cancellationToken">Stops decoding between two strips of pixels and the rest between two steps.</param>
    /// <returns><see cref="Rendered"/>, or <see cref="Rejected"/> when it is the input's fault and a repetition would end alike.</returns>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    /// <exception cref="VipsException">Our fault: an encoder failed, or memory ran out. A repetition may succeed.</exception>
    Task<RenderOutcome> RenderAsync(ReadOnlyMemory<byte> original, RenditionSet set, CancellationToken cancellationToken);
}

/// <summary>What became of a photo: <see cref="Rendered"/> or <see cref="Rejected"/>.</summary>
public abstract record RenderOutcome;

/// <summary>The renditions are there.</summary>
/// <param name="Width">Of the full picture, upright, in pixels.</param>
/// <param name="Height">Of the full picture, upright, in pixels.</param>
/// <param name="Placeholder">A BlurHash of 28 characters: 4 x 3 components, 3 x 4 where the picture is higher than wide.</param>
/// <param name="Renditions">One for each of the set, in its order.</param>
public sealed record Rendered(int Width, int Height, string Placeholder, IReadOnlyList<Rendition> Renditions) : RenderOutcome;

/// <summary>The input does not allow renditions.</summary>
/// <param name="Reason">For the owner of the photo.</param>
/// <param name="Detail">For logs: what the decoder said, otherwise empty.</param>
public sealed record Rejected(Rejection Reason, string Detail = "") : RenderOutcome;

/// <summary>One rendition: sRGB, upright, without metadata.</summary>
/// <param name="Name">From the set.</param>
/// <param name="Width">Pixels.</param>
/// <param name="Height">Pixels.</param>
/// <param name="ContentType"><c>image/webp</c>.</param>
/// <param name="Bytes">The file.</param>
/// <param name="ETag">SHA-256 of the bytes in lower-case hex, without the quotes of the HTTP header.</param>
public sealed record Rendition(string Name, int Width, int Height, string ContentType, ReadOnlyMemory<byte> Bytes, string ETag);
