"""A deterministic matching world: accounts, orders, keys and markets, without wire, clock or I/O."""
