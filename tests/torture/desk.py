"""The core as a journal drives it: every event is written down, read back and only then decided.

So each scenario in virtual time is also one of the runtime's codec, and `restart` knows what a new process
knows: nothing but the journal.
"""

from __future__ import annotations

import json
from typing import Any

from guardian.core.effects import Effect
from guardian.core.events import Event
from guardian.core.model import Rule
from guardian.runtime.codec import decode_step_event, encode_step
from guardian.runtime.start.restore import fold
from tests.core import build


class JournaledDesk(build.Desk):
    def __init__(self, *rules: Rule, **changes: Any) -> None:
        self.bodies: list[str] = []
        super().__init__(*rules, **changes)

    def send(self, event: Event) -> tuple[Effect, ...]:
        effects = super().send(decode_step_event(encode_step(event, (), ())))
        self.bodies.append(encode_step(event, self.state.decisions, effects))
        return effects

    def restart(self, seconds: float) -> tuple[Effect, ...]:
        self.state, problem = fold(None, tuple(self.bodies))
        assert problem == ""
        return super().restart(seconds)

    @property
    def levels(self) -> list[str]:
        """Every level that was decided on, in order."""
        decisions = [each for body in self.bodies for each in json.loads(body)["decisions"]]
        return [each["after"] for each in decisions if each["what"] == "level"]

    def value(self, rule: str = "dd") -> float | None:
        """What a rule measures now; None while it cannot tell."""
        own = self.account.rule(rule)
        return getattr(own.measured, "value", None) if own else None

    def verdict(self, rule: str = "dd") -> str:
        own = self.account.rule(rule)
        return own.verdict.value if own else ""

    @property
    def permit(self) -> str:
        """The mode of the last permit that was given out."""
        given = [effect for effect in self.effects if effect.kind == "permit"]
        return str(given[-1].mode) if given else ""  # type: ignore[union-attr]

    def closes(self) -> list[Any]:
        return build.kinds(self.effects, "close_position")

    def pages(self) -> list[str]:
        """The titles of what people were told, resolves left out."""
        told = build.kinds(self.effects, "notify")
        return [each.title for each in told if each.notification == "trigger" and not each.would]
