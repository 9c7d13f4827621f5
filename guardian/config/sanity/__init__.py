"""The `sanity:` part of guardian.yaml: when the daily checks run, and who gets their report."""
