"""The end of the demo: the result with its conditions, the timeline, and the marks of the picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from guardian.demo.referee import DEAD_KEY_CODE, Findings
from guardian.demo.samples import Mark


@dataclass(frozen=True, slots=True)
class Result:
    """Everything that `guardian demo --json` says. `probe` is the venue's raw answer to the bot's key."""

    seed: int
    level: str
    findings: Findings
    verified_flat_s: float | None
    probe: str
    equity_at_breach: float | None
    equity_final: float
    notifications: Mapping[str, int]
    journal: Mapping[str, Any]
    picture: str
    bot_killed_s: float | None
    seconds: float
    timeline: Sequence[tuple[float, str]] = ()

    @property
    def key_dead(self) -> bool:
        return self.probe == DEAD_KEY_CODE

    def document(self) -> dict[str, Any]:
        """The JSON document of the contract; more fields may be added, none renamed."""
        found = asdict(self.findings)
        return {
            "seed": self.seed,
            "ok": not self.unmet(),
            "unmet": self.unmet(),
            "level": self.level,
            "breach_to_first_order_ms": found["breach_to_first_order_ms"],
            "fenced_s": found["fenced_s"],
            "flat_s": found["flat_s"],
            "verified_flat_s": self.verified_flat_s,
            "key_dead": self.key_dead,
            "key_deleted_s": found["key_deleted_s"],
            "bot_killed_s": self.bot_killed_s,
            **{name: found[name] for name in _COUNTS},
            "equity_at_breach": self.equity_at_breach,
            "equity_final": self.equity_final,
            "notifications": dict(self.notifications),
            "journal": dict(self.journal),
            "picture": self.picture,
            "seconds": round(self.seconds, 1),
            "timeline": [{"s": at, "what": what} for at, what in self.timeline],
        }

    def unmet(self) -> list[str]:
        """Each condition of success that does not hold, as a sentence; empty means exit 0."""
        found = self.findings
        conditions = (
            (self.level == "LOCKOUT", f"the highest level was {self.level}, not LOCKOUT"),
            (self.verified_flat_s is not None, "guardian never verified that the account is flat"),
            (found.positions_left == 0, f"{found.positions_left} positions are left at the venue"),
            (found.orders_left == 0, f"{found.orders_left} orders are left at the venue"),
            (self.key_dead, f"the bot's key is not dead: the probe got {self.probe}, not {DEAD_KEY_CODE}"),
            (
                found.bot_orders_accepted_after_fence == 0,
                f"{found.bot_orders_accepted_after_fence} orders of the bot were accepted after the fence",
            ),
            (found.bot_orders_refused_after_fence >= 1, "no order of the bot was refused after the fence"),
            (found.sign_flips == 0, f"{found.sign_flips} positions crossed zero"),
            (
                self.notifications["pagerduty"] == 1,
                f"{self.notifications['pagerduty']} pages, not exactly one",
            ),
            (self.journal["verified"] is True, "the journal does not verify"),
            (self.bot_killed_s is not None, "guardian never killed the bot"),
        )
        return [sentence for holds, sentence in conditions if not holds]


_COUNTS = (
    "positions_left",
    "orders_left",
    "bot_orders_accepted_after_fence",
    "bot_orders_refused_after_fence",
    "sign_flips",
)


def marks_of(incident: Mapping[str, Any] | None, marks: Sequence[Mark]) -> list[Mark]:
    """The picture's marks: the venue's and the bot's instants, and each step of guardian that failed."""
    failed = [
        Mark(
            datetime.fromisoformat(step["at"]),
            f"{step['step']} {step['target']} {step.get('code', '')}",
            True,
        )
        for step in (incident["steps"] if incident else ())
        if step["outcome"] in ("refused", "impossible")
    ]
    # Ten refusals of one kind are one mark; the journal has them all.
    first = {mark.label: mark for mark in reversed(failed)}
    return sorted([*marks, *first.values()], key=lambda mark: mark.at)


def rows_of(t0: datetime, marks: Sequence[Mark]) -> list[tuple[float, str]]:
    """(seconds since t0, what happened) in order of time."""
    return [
        (round((mark.at - t0).total_seconds(), 3), ("FAILED: " if mark.failed else "") + mark.label)
        for mark in sorted(marks, key=lambda mark: mark.at)
    ]


def tell(result: Result, console: Console) -> None:
    """The timeline and the verdict for people, at a terminal or in a log."""
    table = Table(
        box=None, title=f"seed {result.seed}: what happened", title_justify="left", title_style="bold"
    )
    table.add_column("since breach", justify="right")
    table.add_column("what")
    for at, what in result.timeline:
        table.add_row(f"{at:+.3f} s", Text(what, "bold red" if what.startswith("FAILED") else ""))
    console.print()
    console.print(table)
    console.print()
    for line in _figures(result):
        console.print(line, highlight=False, soft_wrap=True)
    for sentence in result.unmet():
        console.print(Text(f"NOT MET: {sentence}", "bold red"), soft_wrap=True)
    if not result.unmet():
        console.print(Text("flat, locked out, proven", "bold green"))


def _figures(result: Result) -> list[str]:
    found, lost = result.findings, None
    if result.equity_at_breach:
        lost = result.equity_final / result.equity_at_breach - 1
    tail = "" if lost is None else f" ({lost:+.2%} after the breach)"
    return [
        f"venue's probe of the bot's key: {result.probe}",
        f"bot's orders after the fence: {found.bot_orders_accepted_after_fence} accepted, "
        f"{found.bot_orders_refused_after_fence} refused",
        f"equity: {result.equity_final:,.0f}{tail}",
        f"pages: {result.notifications['pagerduty']}, Slack messages: {result.notifications['slack']}",
        f"journal: {result.journal['records']} records, "
        + ("verified" if result.journal["verified"] else "NOT verified"),
        f"picture: {result.picture}",
    ]
