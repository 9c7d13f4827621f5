"""Which rules an operator may start anew with `resume --rebase`: those that compare with what was before."""

from __future__ import annotations

from guardian.config.shapes import Config
from guardian.core.metrics import BY_NAME, balance_discrepancy, foreign_keys, foreign_transfers, unexplained

ACCEPTED = (foreign_keys.METRIC.name, foreign_transfers.METRIC.name)
"""Metrics without a window of NAVs, of which a resume accepts what was found (metrics/accepted.py)."""

OF_THE_WALLET = (balance_discrepancy.METRIC.name, unexplained.METRIC.name)
"""Metrics of what a wallet has that nothing explains: whoever takes it as the new truth has explained it."""

INTEGRITY = "integrity"
"""The rule by whose id a resume takes the wallet as the new truth (engine.py)."""

NO_BASELINE = "it looks at what is there now, so change that first"


def way_out(config: Config, rule_id: str) -> str:
    """What to do about a rule that would demand its level again; as for one that the file has no more, the
    daemon that runs knows it."""
    metric = next((r.metric for pack in config.packs for r in pack.rules if r.id == rule_id), None)
    if rule_id == INTEGRITY or metric in OF_THE_WALLET:
        return f"--rebase {INTEGRITY} takes the wallet as it is"
    if metric is None or metric in ACCEPTED or BY_NAME[metric].baseline:
        return f"--rebase {rule_id} starts its baseline anew"
    return NO_BASELINE
