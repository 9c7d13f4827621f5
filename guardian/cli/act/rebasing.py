"""Which rules an operator may start anew with `resume --rebase`: those that compare with what was before."""

from __future__ import annotations

from guardian.config.shapes import Config
from guardian.core.metrics import BY_NAME, foreign_keys, foreign_transfers

ACCEPTED = (foreign_keys.METRIC.name, foreign_transfers.METRIC.name)
"""Metrics without a window of NAVs, of which a resume accepts what was found (metrics/accepted.py)."""

INTEGRITY = "integrity"
"""The rule by whose id a resume takes the wallet as the new truth (engine.py)."""


def looks_back(config: Config, rule_id: str) -> bool:
    """True also for a rule that the file has no more: the daemon that runs knows it."""
    metric = next((r.metric for pack in config.packs for r in pack.rules if r.id == rule_id), None)
    return metric is None or rule_id == INTEGRITY or metric in ACCEPTED or BY_NAME[metric].baseline
