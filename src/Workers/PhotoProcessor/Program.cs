using PhotoPlatform.PhotoProcessor;
using PhotoPlatform.ServiceDefaults;
using PhotoPlatform.ServiceDefaults.Steps;

var builder = ServiceHost.CreateService("photo-processor", args);
builder.AddPhotoProcessor();

var app = builder.Build();
app.UseServiceDefaults();
app.MapPhotoProcessor();

return await app.RunServiceAsync(args);
