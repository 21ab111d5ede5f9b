using Microsoft.AspNetCore.Connections;
using RefusalExplorer.Engine;
using RefusalExplorer.Web.Hosting;

try
{
    await Dashboard.Create(args).RunAsync();
    return 0;
}
catch (EngineException e)
{
    // A setting is wrong: one line says which, and a stack trace would only hide it.
    await Console.Error.WriteLineAsync(e.Message);
    return 2;
}
catch (IOException e) when (e.InnerException is AddressInUseException)
{
    await Console.Error.WriteLineAsync($"{e.Message} Choose another address with --urls, or stop what listens there.");
    return 2;
}
