"""What is right in itself and will not do what its author expects: told by `guardian check`."""
