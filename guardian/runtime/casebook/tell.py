"""What happened and what followed from it, one line each, in the words of a case.

`tell` is for whoever has steps of the core and wants them read: the player of cases, a simulator that tells a
failed seed, a rehearsal or a journal. Lines are canonical: the same steps give the same lines.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import NamedTuple

from guardian.core.effects import Effect
from guardian.core.engine import step
from guardian.core.events import Configured, Event
from guardian.core.model import Verdict
from guardian.core.state import Decision, State
from guardian.runtime.casebook.case import TOLD
from guardian.runtime.casebook.deed import deed
from guardian.runtime.casebook.recount import Recount


class Step(NamedTuple):
    """One event through step(): what it decided and what is to be done."""

    event: Event
    decisions: tuple[Decision, ...]
    effects: tuple[Effect, ...]


def tell(steps: Iterable[Step], start: datetime | None = None, facts: bool = True) -> list[str]:
    """A timeline; `start` is the instant of second 0, the first event's if left out.

    A fact is marked `>` and told when it is news or when something followed from it; `facts=False` tells the
    deeds only, as below a case's line. Accounts are named where there are several.
    """
    known = list(steps)
    several = are_several(known)
    begin = start or (known[0].event.at if known else None)
    recount, lines, last = Recount(brief=True), [], dict[str, str]()
    for event, decisions, effects in known:
        second = (event.at - begin).total_seconds() if begin else 0.0
        after = deeds(decisions, effects, several)
        fact, whose = recount.fact(event), account_of(event)
        recount.planned(effects)
        if facts and fact and (after or fact != last.get(whose)):
            lines.append(f"{second:7.1f}> {named(whose, fact, several)}")
        last[whose] = fact
        lines += [at(second, line) for line in after]
    return lines


def are_several(steps: Iterable[Step]) -> bool:
    """Whether accounts must be named to be told apart."""
    names = {
        name
        for event, _, _ in steps
        for name in (
            [p.name for p in event.accounts] if isinstance(event, Configured) else [account_of(event)]
        )
    }
    return len(names - {""}) > 1


def followed(events: Iterable[Event]) -> Iterator[Step]:
    """The same events through step() once more: for a journal, whose events re-create its decisions."""
    state = State()
    for event in events:
        state, effects = step(state, event)
        yield Step(event, state.decisions, effects)


def at(second: float, text: str) -> str:
    """A deed with its time."""
    return f"{second:7.1f}  {text}"


def named(account: str, text: str, several: bool) -> str:
    return f"{account}: {text}" if several and account else text


def account_of(event: Event) -> str:
    """Whose it is; "" for what concerns every account."""
    parts = (getattr(event, name, None) for name in ("snapshot", *TOLD))
    part = next((each for each in parts if each is not None), event)
    return str(getattr(part, "account", ""))


def deeds(decisions: Iterable[Decision], effects: Iterable[Effect], several: bool = False) -> list[str]:
    """Verdicts that changed, levels that changed, and every effect."""
    lines = [named(d.account, text, several) for d in decisions if (text := decided(d))]
    return lines + [named(effect.account, deed(effect), several) for effect in effects]


def decided(decision: Decision) -> str:
    """A verdict or a level; "" for what an effect or a notification already says."""
    match decision.what:
        case "level":
            return f"{decision.before} -> {decision.after} ({decision.rule})"
        case "verdict":
            return standing(decision.rule, decision.after, decision.value)
        case _:
            return ""


def standing(rule: str, verdict: str, value: float | None) -> str:
    """Where a rule stands. Not knowing with a value means that this much is proven, and no more."""
    if value is None:
        return f"{rule} {verdict}"
    bound = ", at least" if verdict == Verdict.UNKNOWN else " at"
    return f"{rule} {verdict}{bound} {value:.4g}"
