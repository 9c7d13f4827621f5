"""Before it matters: write a configuration, check it, look at rules, keys and channels."""
