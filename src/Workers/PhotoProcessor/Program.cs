using PhotoPlatform.PhotoProcessor;
using PhotoPlatform.ServiceDefaults;
using PhotoPlatform.ServiceDefaults.Steps;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults("photo-processor");
builder.AddPhotoProcessor();

var app = builder.Build();
app.UseServiceDefaults();

return await app.RunServiceAsync(args);
