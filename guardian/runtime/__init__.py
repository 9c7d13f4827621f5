"""The shell: one queue of events, one writer of state, effects performed in parallel.

`start/` builds it from a configuration, `control/` is what operators may ask of it.
"""
