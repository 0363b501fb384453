using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace PhotoPlatform.Messaging.Outbox;

/// <summary>Ends a request with an error when it published messages, never saved them, and is about to answer as if it had.</summary>
internal sealed class UnsavedMessagesFilter : IStartupFilter
{
    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
    {
        app.Use(async (context, rest) =>
        {
            var unsaved = context.RequestServices.GetRequiredService<UnsavedMessages>();
            try
            {
                await rest(context);
                if (context.Response.StatusCode < StatusCodes.Status400BadRequest)
                    unsaved.ThrowIfAny();
            }
            finally
            {
                unsaved.Expected();
            }
        });
        next(app);
    };
}
