"""The channel of the running script, for the modules that access data; None outside of the emulator."""

channel = None
