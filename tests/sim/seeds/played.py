"""What the seed tests share: a run of seeds, and what they found, as people would read it."""

from __future__ import annotations

from guardian.sim.search.one import play_seed
from guardian.sim.search.story import violations

CHUNK = 25


def chunks(first: int, last: int) -> list[range]:
    """From `first` to `last`, both included."""
    return [range(start, min(start + CHUNK, last + 1)) for start in range(first, last + 1, CHUNK)]


def found(seeds: range) -> str:
    """Every violation with its law and its command; empty when all is well."""
    return "\n".join(line for seed in seeds for line in violations(play_seed(seed)))
