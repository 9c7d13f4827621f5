"""What a protection is worth on real crashes: every design as a frontier, compared at the same price paid.

`bars` and `accounts` make the accounts, `play` runs one design over one of them, `crashes` finds the events,
`score` counts what was saved and what it cost, `frontier` and `bootstrap` compare, `report` and `plots` tell.
`trips` is the arming report. Nothing here reads a clock or draws chance that is not seeded.
"""
