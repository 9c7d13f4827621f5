"""What operators may ask: of the running daemon, of its journal while it is down, or without it."""
