"""The runtime's ports over the world: what guardian.ports asks for, without a wire and with every fault."""
