"""The six comparisons one after another, on one made-up market."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from guardian.bench.metrics import compare, event, memory, rules, together
from guardian.bench.metrics.market import Sizes, ticks
from guardian.bench.metrics.streaming import ticked


def timed(
    sizes: Sizes, counts: tuple[int, ...], repeat: int, seed: int, told: Callable[[str], None]
) -> dict[str, Any]:
    """The document that `guardian bench metrics --json` prints. Raises GuardianError on an inexact metric."""
    told(f"{sizes.hours} hours of {sizes.assets} assets go through the folds, one read a cell")
    market, account = compare.prepared(sizes, seed)
    told("four metrics a tick, beside numpy and pandas")
    metrics = compare.timed(market, account, repeat)
    account = ticked(account, *ticks(market)[0])
    told("one rule, beside a compiled expression")
    judged = rules.timed(account, repeat)
    told("one event through the core, beside a bare loop")
    through = event.timed(market, repeat)
    told(f"a tick of {together.FEW} and of {together.MANY} accounts that are judged as one")
    group = together.timed(market, repeat)
    told(f"{', '.join(map(str, counts))} accounts at once")
    return {
        "sizes": {"assets": sizes.assets, "hours": sizes.hours, "navs": sizes.navs, "ticks": sizes.ticks},
        "metrics": metrics,
        "rules": judged,
        "event": through,
        "group": group,
        "memory": memory.weighed(account),
        "accounts": event.accounts(market, counts, max(1, repeat // 2)),
    }
