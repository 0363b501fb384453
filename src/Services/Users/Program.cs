using PhotoPlatform.ServiceDefaults;
using PhotoPlatform.ServiceDefaults.Steps;
using PhotoPlatform.Users;

var builder = ServiceHost.CreateService("users", args);
builder.AddUsers();

var app = builder.Build();
app.UseServiceDefaults();
app.MapUsers();

return await app.RunServiceAsync(args);
