using RefusalExplorer.Engine.Native;

namespace RefusalExplorer.Engine.Tests;

internal static class TorchFixture
{
    // Before the first test touches a tensor: the patched library must be in place by then.
    [System.Runtime.CompilerServices.ModuleInitializer]
    public static void Load() => TorchNative.EnsureLoaded();
}
