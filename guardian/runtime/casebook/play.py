"""Play a case through the real core: the step() that the daemon runs. Nothing is performed.

What became of a deed is a fact too (`done close BTC`), so a case ends where its facts leave it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from guardian.config.reading import Wrong, nearest, unknown
from guardian.core.effects import Effect
from guardian.core.engine import step
from guardian.core.events import (
    Armed,
    Configured,
    Demanded,
    Disarmed,
    Drilled,
    EffectReported,
    Event,
    Expected,
    KeysListed,
    Resumed,
    SnapshotTaken,
    Started,
    Tick,
    Troubled,
)
from guardian.core.model import KeyRecord, Rule
from guardian.core.notices import number
from guardian.core.state import State
from guardian.runtime.casebook.account import BOT_KEY, STRANGER, Money, policy
from guardian.runtime.casebook.case import OUTCOMES, Case, Fact
from guardian.runtime.casebook.deed import deed
from guardian.runtime.casebook.tell import Step, at, deeds, named, standing
from guardian.runtime.casebook.told import READERS
from guardian.runtime.casebook.words import level, money, seconds

WHO = "anna"
WHY = "looked"


class Stuck(Exception):
    """A fact that cannot happen here; `line` is the fact's."""

    def __init__(self, line: int, wrong: Wrong) -> None:
        super().__init__(wrong.message)
        self.line = line
        self.wrong = wrong


def play(case: Case, rules: Sequence[Rule]) -> list[str]:
    """Guardian's deeds for the facts. Raises Stuck."""
    return _played(case, rules).deeds


def steps(case: Case, rules: Sequence[Rule]) -> list[Step]:
    """The events that the facts are, and what followed from each. Raises Stuck."""
    return _played(case, rules).steps


def _played(case: Case, rules: Sequence[Rule]) -> _Story:
    judged = [rule for rule in rules if not case.only or rule.id in dict(case.only)]
    for name, line in case.only:
        if name not in {rule.id for rule in judged}:
            raise Stuck(line, unknown("rule", name, [rule.id for rule in rules]))
    # Rules of the case itself say whether they are armed; those of a pack only observe until they are proven.
    own = {rule.id for rule in case.rules}
    asked = [r if case.as_written or r.id in own else replace(r, armed=True) for r in judged]
    story = _Story(case, tuple(asked))
    for fact in case.facts:
        for count, second in enumerate(fact.at):
            try:
                story.happen(fact, second, count == 0)
            except Wrong as wrong:
                raise Stuck(fact.line, wrong) from None
    return story


class _Story:
    def __init__(self, case: Case, rules: tuple[Rule, ...]) -> None:
        self.case = case
        self.several = len(case.accounts) > 1
        self.state = State()
        self.deeds: list[str] = []
        self.steps: list[Step] = []
        self._done: list[tuple[str, Effect]] = []
        self._money = {account.name: Money(account.name) for account in case.accounts}
        begin = self._instant(case.facts[0].at[0])
        accounts = tuple(policy(account) for account in case.accounts)
        self._step(0.0, Configured(begin, "case", "case", accounts, rules))
        for account in case.accounts if case.armed else ():
            self._step(0.0, Armed(begin, account.name, (), WHO, WHY))

    def happen(self, fact: Fact, second: float, first: bool) -> None:
        if fact.what == "look":
            self._look(fact, second)
        else:
            self._step(second, self._event(fact, second, first))

    def _step(self, second: float, event: Event) -> None:
        self.state, effects = step(self.state, event)
        self.steps.append(Step(event, self.state.decisions, effects))
        self.deeds += [at(second, line) for line in deeds(self.state.decisions, effects, self.several)]
        self._done += [(named(e.account, deed(e), self.several), e) for e in effects]

    def _instant(self, second: float) -> datetime:
        return self.case.start + timedelta(seconds=second)

    def _event(self, fact: Fact, second: float, first: bool) -> Event:
        now, name = self._instant(second), fact.account
        match fact.what:
            case "read":
                assert fact.seen is not None
                asked = now - timedelta(seconds=fact.seen.late)
                return SnapshotTaken(now, self._money[name].read(fact.seen, asked, first))
            case what if what in READERS:
                return READERS[what](list(fact.words), name, now)
            case "tick":
                return Tick(now)
            case "restart":
                return Started(now, "case")
            case "keys":
                keys = tuple(_key(word) for word in fact.words if word not in ("none", "incomplete"))
                return KeysListed(now, name, now, "incomplete" not in fact.words, keys)
            case what if what in OUTCOMES:
                return self._report(fact, now)
            case _:
                return self._operated(fact, now)

    def _operated(self, fact: Fact, now: datetime) -> Event:
        name, words = fact.account, fact.words
        match fact.what:
            case "arm":
                return Armed(now, name, self._rules(words), WHO, WHY)
            case "disarm":
                return Disarmed(now, name, now + timedelta(seconds=seconds(words[0])), WHO, WHY)
            case "expect":
                amount, coin, lasts, tolerance = words
                until = now + timedelta(seconds=seconds(lasts))
                return Expected(now, name, coin, money(amount), money(tolerance), until, WHO, WHY)
            case "demand":
                return Demanded(now, name, level(words[0]), WHO, WHY)
            case "resume":
                return Resumed(now, name, WHO, WHY, self._rules(words))
            case "drilled":
                return Drilled(now, name, WHO, "case")
            case _:
                return Troubled(now, name, words[0], "in this case", fact.what == "healed")

    def _rules(self, names: tuple[str, ...]) -> tuple[str, ...]:
        known = [rule.id for rule in self.state.rules]
        for name in names:
            if name not in known:
                raise unknown("rule", name, known)
        return names

    def _report(self, fact: Fact, now: datetime) -> Event:
        """The outcome of the newest deed whose text begins so; `code=` is the venue's raw code."""
        code = next((word[5:] for word in fact.words if word.startswith("code=")), "")
        words = " ".join(word for word in fact.words if not word.startswith("code="))
        begins = named(fact.account, words, self.several)
        effect = next((e for text, e in reversed(self._done) if text.startswith(begins)), None)
        if effect is None:
            done = list(dict.fromkeys(text for text, _ in self._done))
            said = f"Deeds before it: {'; '.join(done[-5:]) or 'none'}."
            raise Wrong(f"no deed begins with `{begins}`", said, nearest(begins, done))
        return EffectReported(now, effect.account, effect.id, OUTCOMES[fact.what], code)

    def _look(self, fact: Fact, second: float) -> None:
        """Where things stand: the level, and each of these rules (all, if none is named)."""
        asked = self._rules(fact.words) or tuple(rule.id for rule in self.state.rules)
        for account in self.state.accounts:
            name = account.policy.name
            lines = [f"level {account.level.name}"]
            for own in (rule for rule in account.rules if rule.rule_id in asked):
                lines.append(standing(own.rule_id, own.verdict, number(own)))
            self.deeds += [at(second, named(name, line, self.several)) for line in lines]


def _key(word: str) -> KeyRecord:
    """As the venue's listing shows the bot's key; a fenced one is read-only, and therefore not trading."""
    key = KeyRecord(BOT_KEY, read_only=False, can_trade=True, can_withdraw=False, can_transfer=False)
    if word == STRANGER:
        return replace(key, id=STRANGER)
    if word == "fenced":
        return replace(key, read_only=True, can_trade=False)
    return replace(key, can_withdraw=word == "withdrawing")
