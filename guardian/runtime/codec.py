"""Core values as canonical JSON and back: the journal's bodies and checkpoints.

Canonical means sorted keys and no spaces, so that the same value always gives the same bytes. Decimals are
strings, instants ISO 8601 in UTC with microseconds, levels numbers in evidence and NAMES in what people read.
"""

from __future__ import annotations

from typing import Annotated, Any

import orjson
from pydantic import ConfigDict, Field, TypeAdapter

from guardian.core.effects import Effect
from guardian.core.events import Event
from guardian.core.metrics.history import rewritten
from guardian.core.metrics.pairs import Pair, together
from guardian.core.state import SCHEMA, Decision, State
from guardian.errors import GuardianError

# A read may hold a number that is none. It is refused by the core, and must be again when it is replayed.
_ANY_NUMBER = ConfigDict(allow_inf_nan=True)
_STATE: TypeAdapter[State] = TypeAdapter(State)
_EVENT: TypeAdapter[Event] = TypeAdapter(Annotated[Event, Field(discriminator="kind")], config=_ANY_NUMBER)
_EFFECTS: TypeAdapter[tuple[Effect, ...]] = TypeAdapter(
    tuple[Annotated[Effect, Field(discriminator="kind")], ...]
)
_PAIRS: TypeAdapter[tuple[Pair, ...]] = TypeAdapter(tuple[Pair, ...])
_DECISIONS: TypeAdapter[tuple[Decision, ...]] = TypeAdapter(tuple[Decision, ...])


class SchemaError(GuardianError):
    """A checkpoint was written by a version whose state has another shape."""


def canonical(value: Any) -> str:
    """`value` must be JSON-ready."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()


def encode_state(state: State) -> str:
    return canonical(_STATE.dump_python(state, mode="json"))


def decode_state(text: str) -> State:
    """Raises SchemaError when the checkpoint's schema is not this version's."""
    raw = orjson.loads(text)
    if raw.get("schema") != SCHEMA:
        raise SchemaError(
            f"the journal's checkpoint has schema {raw.get('schema')}, this guardian reads {SCHEMA}"
        )
    return _STATE.validate_python(_renewed(raw))


def _renewed(raw: Any) -> Any:
    """What earlier versions kept in another form: an update costs no account what it has learned.

    It has another name since then, so that an earlier version begins without it, and refuses nothing.
    """
    for account in raw.get("accounts", ()):
        book, returns = account.get("correlations"), account.get("returns")
        if book is not None and "pairs" in book:
            book["moments"] = together(_PAIRS.validate_python(book["pairs"]))
        for asset in returns.get("assets", ()) if returns is not None else ():
            if asset.get("hourly"):
                asset["history"] = rewritten(asset["hourly"])
    return raw


def encode_event(event: Event) -> dict[str, Any]:
    encoded: dict[str, Any] = _EVENT.dump_python(event, mode="json")
    return encoded


def decode_event(raw: Any) -> Event:
    return _EVENT.validate_python(raw)


def encode_effects(effects: tuple[Effect, ...]) -> list[dict[str, Any]]:
    encoded: list[dict[str, Any]] = _EFFECTS.dump_python(effects, mode="json")
    return encoded


def encode_step(event: Event, decisions: tuple[Decision, ...], effects: tuple[Effect, ...]) -> str:
    """One journal body: what happened, what was decided, what is to be done."""
    body = {
        "event": encode_event(event),
        "decisions": _DECISIONS.dump_python(decisions, mode="json"),
        "effects": encode_effects(effects),
    }
    return canonical(body)


def decode_step_event(body: str) -> Event:
    """The event of a journal body; decisions and effects are re-created by `step`."""
    return decode_event(orjson.loads(body)["event"])
