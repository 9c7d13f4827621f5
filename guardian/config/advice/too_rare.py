"""Rules whose evidence is stale before the next read comes: they are blind between any two reads.

Law: as in unheard.py, a warning keeps nothing from starting.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from guardian.config.document import Node
from guardian.config.reading import line_at
from guardian.config.shapes import AccountConfig, Config, Finding, PollConfig
from guardian.core.model import Part, Rule

MOST_NAMED = 5
FIX = "Read more often than the shortest `stale_after` of these rules, or give them a longer one."


def rare_reads(config: Config, node: Node) -> Iterator[Finding]:
    """One warning for each timer of an account that is slower than a rule's evidence may be old."""
    for index, account in enumerate(config.accounts):
        for field, rules in _late(config, account).items():
            names = ", ".join(rules[:MOST_NAMED]) + (", ..." if len(rules) > MOST_NAMED else "")
            spelt = f"accounts[{index}].poll.{field}"
            known = "rule knows" if len(rules) == 1 else "rules know"
            problem = f"between two reads of {account.name} {len(rules)} {known} nothing: {names}"
            line = line_at(node, "accounts", index, "poll")
            yield Finding(str(config.path), line, "", spelt, problem, "", FIX)


def _late(config: Config, account: AccountConfig) -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = {}
    for rule in config.rules:
        timer = _timer(rule, account.poll)
        if timer and (not rule.only or rule.scope != "account" or account.name in rule.only):
            found.setdefault(timer, []).append(rule.id)
    return found


def _timer(rule: Rule, poll: PollConfig) -> str:
    """Which timer is too slow for this rule; "" where none is, or its evidence comes beside the reads."""
    from guardian.core.metrics import BY_NAME

    metric = BY_NAME[rule.metric]
    if metric.aged is not None or not metric.needs:
        return ""
    if rule.stale_after_seconds <= poll.snapshot_seconds:
        return "snapshot"
    ledger = Part.LEDGER in metric.needs and rule.stale_after_seconds <= poll.flows_seconds
    return "flows" if ledger else ""
