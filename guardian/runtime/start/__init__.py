"""From a configuration to a running guardian: keys audited, journal folded, timers set."""
