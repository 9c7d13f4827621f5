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
    state, problem = fold(restored.checkpoint, restored.bodies)
    return Resumption(state, fresh, restored.torn, tampered or problem)


def fold(checkpoint: str | None, bodies: tuple[str, ...]) -> tuple[State, str]:
    """The state after these records, and what could not be folded; effects are not performed again.

    Whatever a record holds, only a first start may refuse: a record that makes no sense is left out, so that
    one bad line costs neither the latch nor the incident, and is told.
    """
    state, problem = State(), ""
    try:
        state = decode_state(checkpoint) if checkpoint else State()
    except Exception as error:
        problem = f"the checkpoint cannot be read ({type(error).__name__})"
    for body in bodies:
        try:
            state, _ = step(state, decode_step_event(body))
        except Exception as error:
            problem = problem or f"a record cannot be folded ({type(error).__name__})"
    return state, problem
