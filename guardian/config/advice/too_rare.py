"""Rules whose evidence is stale before the next read comes: they are blind between any two reads.

Law: as in unheard.py, a warning keeps nothing from starting.
"""

from __future__ import annotations

from collections.abc import Iterator

from guardian.config.document import Node
from guardian.config.reading import line_at
from guardian.config.shapes import AccountConfig, Config, Finding
from guardian.core.model import Rule

MOST_NAMED = 5
FIX = "Read more often than the shortest `stale_after` of these rules, or give them a longer one."


def rare_reads(config: Config, node: Node) -> Iterator[Finding]:
    """One warning for each account that is read more rarely than a rule's evidence may be old."""
    for index, account in enumerate(config.accounts):
        rules = [rule.id for rule in config.rules if _too_rare(rule, account)]
        if rules:
            names = ", ".join(rules[:MOST_NAMED]) + (", ..." if len(rules) > MOST_NAMED else "")
            field = f"accounts[{index}].poll.snapshot"
            known = "rule knows" if len(rules) == 1 else "rules know"
            problem = f"between two reads of {account.name} {len(rules)} {known} nothing: {names}"
            line = line_at(node, "accounts", index, "poll")
            yield Finding(str(config.path), line, "", field, problem, "", FIX)


def _too_rare(rule: Rule, account: AccountConfig) -> bool:
    """Not where evidence comes beside the reads. A read tells of the ledger too while that is not due."""
    from guardian.core.metrics import BY_NAME

    metric = BY_NAME[rule.metric]
    if metric.aged is not None or not metric.needs:
        return False
    if rule.only and rule.scope in ("account", "portfolio") and account.name not in rule.only:
        return False
    return rule.stale_after_seconds <= account.poll.snapshot_seconds
