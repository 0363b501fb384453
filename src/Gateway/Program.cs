using PhotoPlatform.Gateway;
using PhotoPlatform.ServiceDefaults;
using PhotoPlatform.ServiceDefaults.Steps;

var builder = ServiceHost.CreateService("gateway", args);
builder.AddGateway();

var app = builder.Build();
app.UseServiceDefaults();
app.MapGateway();

return await app.RunServiceAsync(args);
