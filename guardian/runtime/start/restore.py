"""From a journal to the state that was in force: the last checkpoint, and the events after it, folded."""

from __future__ import annotations

import asyncio
import sqlite3
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from guardian.core.engine import step
from guardian.core.model import Rule
from guardian.core.observe import emptied
from guardian.core.state import RuleState, State
from guardian.errors import GuardianError
from guardian.journal.chain import OWN_KINDS
from guardian.journal.faults import JournalTampered
from guardian.journal.read import Wanted, read_records
from guardian.journal.sqlite import SqliteJournal
from guardian.runtime.codec import decode_state, decode_step_event, encode_state
from guardian.runtime.loop import Runtime

READ_TRIES, READ_AGAIN_SECONDS = 5, 0.5
"""How often, and how far apart, a journal on a failing disk is read before a restart gives up."""

LONG_TAIL = 100
"""Records that a restart may fold without writing a checkpoint of its own."""


@dataclass(frozen=True, slots=True)
class Resumption:
    """What a restart knows. `fresh` is a first start; `torn` and `tampered` say what was wrong.

    `folded` is how many records lay behind the last checkpoint.
    """

    state: State
    fresh: bool
    torn: str = ""
    tampered: str = ""
    folded: int = 0


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
    return Resumption(state, fresh, restored.torn, tampered or problem, len(restored.bodies))


async def resume_anyhow(journal: SqliteJournal) -> Resumption:
    """As `resume`, with a disk that cannot be written: what can be read is in force all the same.

    Raises what the journal raised where it cannot even be read, or is not there yet: a blank state would
    disarm every account and forget its latch, so whoever supervises the process lets it try again.
    """
    try:
        return await resume(journal)
    except (OSError, sqlite3.Error) as error:
        if not journal.path.is_file():
            raise
        refused = error
    for attempt in range(READ_TRIES):
        try:
            return Resumption(await asyncio.to_thread(remembered, journal.path), fresh=False)
        except GuardianError:
            await asyncio.sleep(READ_AGAIN_SECONDS * (attempt + 1 < READ_TRIES))
    raise refused


def remembered(path: Path) -> State:
    """The state that the journal gives, its file untouched; an empty one where there is no journal."""
    if not path.is_file():
        return State()
    try:
        newest = read_records(path, Wanted(last=1, kind="checkpoint"))
        records = read_records(path, Wanted(after=newest[0].seq if newest else 0))
    except (OSError, sqlite3.Error) as error:
        # Without it nobody knows whether the account is armed or at which level it is: that is no "nothing".
        raise GuardianError(f"{path}: cannot be read ({error}); may you read its folder?") from None
    bodies = tuple(r.body for r in records if r.kind not in OWN_KINDS)
    state, _ = fold(newest[0].body if newest else None, bodies)
    return state


def mended(state: State) -> State:
    """A state from outside whose rules do not fit their ladders: such a rule starts with empty holds."""
    ladders = {rule.id: rule for rule in state.rules}
    accounts = tuple(
        replace(account, rules=tuple(_fitting(own, ladders) for own in account.rules))
        for account in state.accounts
    )
    return replace(state, accounts=accounts)


def _fitting(own: RuleState, ladders: dict[str, Rule]) -> RuleState:
    rule = ladders.get(own.rule_id)
    if rule is None or {len(own.held), len(own.past), len(own.fired)} == {len(rule.ladder)}:
        return own
    return emptied(own, rule)


def fold(checkpoint: str | None, bodies: tuple[str, ...]) -> tuple[State, str]:
    """The state after these records, and what could not be folded; effects are not performed again.

    Whatever a record holds, only a first start may refuse: a record that makes no sense is left out, so that
    one bad line costs neither the latch nor the incident, and is told.
    """
    state, problem = State(), ""
    try:
        state = mended(decode_state(checkpoint)) if checkpoint else State()
    except Exception as error:
        problem = f"the checkpoint cannot be read ({type(error).__name__})"
    for body in bodies:
        try:
            state, _ = step(state, decode_step_event(body))
        except Exception as error:
            problem = problem or f"a record cannot be folded ({type(error).__name__})"
    return state, problem


def shorten(runtime: Runtime, folded: int) -> asyncio.Task[None] | None:
    """A checkpoint at the start where many records were folded. Call it before the loop runs; nothing waits.

    The committer counts from zero at each start: a guardian that is restarted more often than it writes a
    checkpoint would fold more and more, until it no longer acts within two seconds.
    """
    if folded < LONG_TAIL:
        return None
    # Encoded here and written behind the records of the start, so that it holds exactly what they led to.
    state, at = encode_state(runtime.state), runtime.parts.clock.now()
    return asyncio.get_running_loop().create_task(_checkpoint(runtime, at, state), name="checkpoint")


async def _checkpoint(runtime: Runtime, at: datetime, state: str) -> None:
    try:
        await runtime.parts.journal.checkpoint(at, state)
    except Exception as error:
        detail = f"the checkpoint of the start could not be written ({type(error).__name__})"
        runtime.trouble("checkpoint", detail, healed=False)
