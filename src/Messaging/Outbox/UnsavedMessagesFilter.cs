using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;

namespace PhotoPlatform.Messaging.Outbox;

/// <summary>Ends a request with an error when it published messages and never saved them.</summary>
internal sealed class UnsavedMessagesFilter : IStartupFilter
{
    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
    {
        app.Use(async (context, rest) =>
        {
            await rest(context);
            context.RequestServices.GetRequiredService<UnsavedMessages>().ThrowIfAny();
        });
        next(app);
    };
}
