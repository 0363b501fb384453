using PhotoPlatform.ServiceDefaults;
using PhotoPlatform.ServiceDefaults.Steps;
using PhotoPlatform.Users;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults("users");
builder.AddUsers();

var app = builder.Build();
app.UseServiceDefaults();
app.MapUsers();

return await app.RunServiceAsync(args);
