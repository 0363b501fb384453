using PhotoPlatform.Gateway;
using PhotoPlatform.ServiceDefaults;
using PhotoPlatform.ServiceDefaults.Steps;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults("gateway");
builder.AddGateway();

var app = builder.Build();
app.UseServiceDefaults();
app.MapGateway();

return await app.RunServiceAsync(args);
