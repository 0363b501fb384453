using PhotoPlatform.Messaging;
using PhotoPlatform.Messaging.Ledger;
using PhotoPlatform.ServiceDefaults;
using PhotoPlatform.ServiceDefaults.Steps;

// One node of the system that the ledger tests load and kill: Ledger:Role says which. Without a role it knows everything, for the steps.
var builder = ServiceHost.CreateService("ledger", args);
var role = builder.Configuration["Ledger:Role"];
builder.AddLedger(role);

var app = builder.Build();
app.UseServiceDefaults();
if (role == "publish")
    app.MapAttempts();

return await app.RunServiceAsync(args);
