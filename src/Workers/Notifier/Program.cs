using PhotoPlatform.ServiceDefaults;
using PhotoPlatform.ServiceDefaults.Steps;
using PhotoPlatform.Notifier;

var builder = ServiceHost.CreateService("notifier", args);
builder.AddNotifier();

var app = builder.Build();
app.UseServiceDefaults();
app.MapNotifier();

return await app.RunServiceAsync(args);
