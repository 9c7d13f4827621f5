"""Act: what an operator commands, and following it to its proof."""
