"""The decision core: pure values in, pure values out. No clock, no random, no I/O."""
