"""From a journal to the state that was in force: the last checkpoint, and the events after it, folded."""

from __future__ import annotations

from dataclasses import dataclass

from guardian.core.engine import step
from guardian.core.state import State
from guardian.journal.faults import JournalTampered
from guardian.journal.sqlite import SqliteJournal
from guardian.runtime.codec import decode_state, decode_step_event


@dataclass(frozen=True, slots=True)
class Resumption:
    """What a restart knows. `fresh` is a first start; `torn` and `tampered` say what was wrong."""

    state: State
    fresh: bool
    torn: str = ""
    tampered: str = ""


async def resume(journal: SqliteJournal) -> Resumption:
    """Fold the journal. Tampering never stops guardian from watching: it is told, and demands HALT."""
    tampered = ""
    try:
        restored = await journal.restore()
    except JournalTampered as error:
        tampered = str(error)
        restored = await journal.restore(accept=True)
    fresh = restored.checkpoint is None and not restored.bodies
    try:
        state = fold(restored.checkpoint, restored.bodies)
    except Exception as error:
        # Whatever a record holds, only a first start may refuse: watching goes on, at HALT and told.
        tampered = tampered or f"the journal cannot be folded ({type(error).__name__})"
        state = State()
    return Resumption(state, fresh, restored.torn, tampered)


def fold(checkpoint: str | None, bodies: tuple[str, ...]) -> State:
    """The state after these records; effects are not performed again."""
    state = decode_state(checkpoint) if checkpoint else State()
    for body in bodies:
        state, _ = step(state, decode_step_event(body))
    return state
