using PhotoPlatform.ServiceDefaults;
using PhotoPlatform.ServiceDefaults.Steps;
using PhotoPlatform.Media;

var builder = ServiceHost.CreateService("media", args);
builder.AddMedia();

var app = builder.Build();
app.UseServiceDefaults();
app.MapMedia();

return await app.RunServiceAsync(args);
