using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using PhotoPlatform.DeadLetterDesk;

var root = new Command("dead-letters", """
    Looks at messages that were given up, and gives them back or away.

    Examples:
      ./run dead-letters list                                          what there is, by queue, reason and fault
      ./run dead-letters list --each --newer-than 1h                   each letter of the last hour
      ./run dead-letters show 0199c0de-...                             one letter's story; with --body also what it says
      ./run dead-letters replay --stack-hash 1f2e3d4c --rate 50        all letters of one fault, 50 a second
      ./run dead-letters discard --queue media-photo-ready --reason unreadable --dry-run

    The broker is that of the platform that runs with the data folder; --bus or ConnectionStrings__bus name another one.
    Exit codes: 0 all is done; 1 something stays (it says what); 2 it could not begin.
    """)
{
    new HelpOption(),
    BrokerAddress.Bus,
    BrokerAddress.Data,
    ListCommand.Create(),
    ShowCommand.Create(),
    ReplayCommand.Create(),
    DiscardCommand.Create(),
};

var parsed = root.Parse(args);
if (parsed.Action is ParseErrorAction)
{
    foreach (var error in parsed.Errors)
        await Console.Error.WriteLineAsync($"dead-letters: {error.Message}");
    await Console.Error.WriteLineAsync("See ./run dead-letters --help.");
    return ExitCode.CouldNotBegin;
}
// What is on its way when somebody presses Ctrl+C is seen through.
return await parsed.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = TimeSpan.FromSeconds(15) });
