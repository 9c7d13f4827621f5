"""What the names of a rule's `of` must be: one of a metric's own list, assets, or symbols."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from guardian.config.catalogue import MetricSpec
from guardian.config.reading import Wrong, clip, unknown
from guardian.config.symbols.read import no_symbol

OF_SYMBOLS = ("foreign_activity",)
SEVERAL = 2


def misnamed(spec: MetricSpec, scope: str, names: Sequence[str]) -> Iterator[Wrong]:
    """What is wrong with the names."""
    if scope == "cluster" or spec.of_assets:
        yield from _assets(names)
    elif spec.choices:
        yield from _choices(spec, names)
    elif spec.name in OF_SYMBOLS:
        yield from filter(None, map(no_symbol, names))


def _choices(spec: MetricSpec, names: Sequence[str]) -> Iterator[Wrong]:
    if len(names) > 1:
        yield Wrong(f"{clip(','.join(names))} is more than {spec.of}", "Name one; write a rule for each.")
        return
    for name in names:
        if name not in spec.choices:
            yield unknown(spec.of.removeprefix("a ").removeprefix("an "), name, spec.choices)


def _assets(names: Sequence[str]) -> Iterator[Wrong]:
    """Assets are compared as a whole: what none is called would declare nothing, and say nothing of it."""
    odd = list(filter(None, map(no_symbol, names)))
    for wrong in odd:
        yield Wrong(wrong.message, "Write an asset such as BTC.", wrong.nearest.partition("/")[0])
    if not odd and len({name.partition("/")[0] for name in names}) < SEVERAL:
        yield Wrong(
            f"{clip(names[0])} alone is no cluster", "Name two assets or more, such as of: [BTC, ETH]."
        )
