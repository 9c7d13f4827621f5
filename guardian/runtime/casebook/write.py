"""Steps of the core as the text of a case: facts, the line, deeds; what `read` reads.

A case knows one kind of venue and bot. Steps of another (inverse contracts, several halt targets) are told as
far as its words go: readable always, and played again to the same deeds where nothing else was in them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from guardian.config.values import written as spelled
from guardian.core.events import Configured
from guardian.core.model import Level, Rule, Window
from guardian.runtime.casebook.case import MOVED, RULED_OFF, USUAL_PREFIXES
from guardian.runtime.casebook.recount import Recount
from guardian.runtime.casebook.tell import Step, account_of, are_several, named, tell


def written(title: str, steps: Sequence[Step], start: datetime | None = None) -> str:
    """One case, with the first configuration's rules and accounts; second 0 is `start` or the first event."""
    begin = start or steps[0].event.at
    configured = next((step.event for step in steps if isinstance(step.event, Configured)), None)
    lines = [f"# {title}", f"start {begin.isoformat()}", "unarmed"]
    if configured is not None:
        for policy in configured.accounts:
            without = ["" if policy.has_hands else " no-hands", "" if policy.has_admin else " no-admin"]
            without += [f" mandate={policy.mandate}"] if policy.mandate else []
            apart = policy.order_prefixes not in ((), USUAL_PREFIXES)
            without += [f" prefix={','.join(policy.order_prefixes)}"] if apart else []
            often = policy.snapshot_seconds == 1
            without += [] if often else [f" poll={policy.snapshot_seconds:g}"]
            lines.append(f"account {policy.name}{''.join(without)}")
        lines += [rule_line(rule) for rule in configured.rules] or ["no-rules"]
    lines += facts(steps, begin)
    return "\n".join([*lines, RULED_OFF, *tell(steps, begin, facts=False)]) + "\n"


def facts(steps: Sequence[Step], begin: datetime) -> Iterator[str]:
    """One line a fact; equal facts at equal distances become one range."""
    recount, run, several = Recount(), _Run(), are_several(steps)
    for event, _, effects in steps:
        fact = recount.fact(event)
        recount.planned(effects)
        second = round((event.at - begin).total_seconds(), 6)
        text = named(account_of(event), fact, several)
        if not fact or run.takes(second, text):
            continue
        yield str(run)
        run = _Run()
        run.takes(second, text)
    if run.at:
        yield str(run)


class _Run:
    """Equal facts so far. What moves money moves it once, so that it is never repeated in a range."""

    def __init__(self) -> None:
        self.at: list[float] = []
        self.text = ""

    def takes(self, second: float, text: str) -> bool:
        if self.at and (text != self.text or any(f" {name}=" in text for name in MOVED)):
            return False
        if second in self.at[-1:]:
            return False
        if len(self.at) > 1 and abs(second - 2 * self.at[-1] + self.at[-2]) > 1e-6:
            return False
        self.at.append(second)
        self.text = text
        return True

    def __str__(self) -> str:
        first, last = (
            f"{self.at[0]:.6f}".rstrip("0").rstrip("."),
            f"{self.at[-1]:.6f}".rstrip("0").rstrip("."),
        )
        if len(self.at) == 1:
            return f"{first} {self.text}"
        apart = f"{self.at[1] - self.at[0]:.6f}".rstrip("0").rstrip(".")
        return f"{first}..{last}{'' if apart == '1' else f'/{apart}s'} {self.text}"


def rule_line(rule: Rule) -> str:
    """The rule in one line, as inline.py reads it."""
    words = ["rule", rule.id, rule.metric, _window(rule.window)]
    for rung in rule.ladder:
        to = f":{rung.to!r}" if rung.level is Level.REDUCE else ""
        words.append(f"{rung.level.name.lower()}:{rung.limit!r}:{spelled(rung.hold_seconds)}{to}")
    words += ["under"] if rule.direction == "under" else []
    words += [] if rule.armed else ["observe"]
    words += [f"of={rule.of}"] if rule.of else []
    words += [] if rule.scope == "account" else [f"scope={rule.scope}"]
    if rule.clears == "auto":
        words += ["clears=auto", f"cooldown={spelled(rule.cooldown_seconds)}"]
    if rule.clears == "auto" or rule.gamma:
        words.append(f"gamma={rule.gamma!r}")
    return " ".join([*words, f"blind={rule.on_unknown}", f"stale={spelled(rule.stale_after_seconds)}"])


def _window(window: Window) -> str:
    match window.kind:
        case "none":
            return "now"
        case "session":
            return "day" if window.tz == "UTC" else f"day:{window.tz}"
        case "hwm":
            return "hwm" if window.seconds is None else f"hwm:{spelled(window.seconds)}"
        case "hours":
            opens, closes = (f"{m // 60:02}:{m % 60:02}" for m in (window.opens, window.closes))
            return f"{opens}-{closes}" + ("" if window.tz == "UTC" else f":{window.tz}")
        case _:
            return spelled(window.seconds or 0.0)
