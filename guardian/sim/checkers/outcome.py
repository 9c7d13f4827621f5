"""Laws about the end: flat is so when it is claimed, people are told, and guardian gets there."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from guardian.core.engine import step
from guardian.core.events import SnapshotTaken
from guardian.core.model import Level
from guardian.core.state import AccountState, State
from guardian.ports import Message
from guardian.runtime.codec import decode_step_event, encode_step
from guardian.sim.checkers.checker import Checker, Decided, Scene, Violation
from guardian.sim.play.life import Life
from guardian.sim.play.settled import settled, unstoppable
from guardian.sim.ports.outside import SECRETS
from guardian.sim.ports.stand import Stand

TRIES_WITHIN = 12.0
LAST_MOMENT = 0.3
QUEUE_SECONDS = 1.1


class FlatClaim(Checker):
    law = "Flat is claimed only when the venue's books are flat, with the fence confirmed or impossible."

    def decided(self, step: Decided) -> None:
        for old, new in step.pairs():
            had = old is not None and old.incident is not None and old.incident.flatness.verified_at
            if new.incident is not None and new.incident.flatness.verified_at and not had:
                self._claimed(self.scene.stage.stands[new.policy.name], new)

    def _claimed(self, stand: Stand, account: AccountState) -> None:
        assert account.incident is not None
        left = [leg for leg in stand.books.open_legs() if not dusty(stand, leg.symbol, leg.size)]
        impossible = bool(account.incident.fence_impossible) or any(
            t.step == "fence" and str(t.outcome) in ("impossible", "refused")
            for t in account.incident.targets
        )
        if stand.bot_key.can_trade and not impossible:
            self.fail(f"{stand.name}: flat was claimed while the bot's key could trade")
        # A bot that still can may have opened again since the read; an idle one excuses nothing.
        excused = impossible and stand.plan.bot.style != "idle"
        if left and not excused:
            self.fail(f"{stand.name}: flat was claimed with {left[0].size} of {left[0].symbol} open")
        if stand.books.open_orders and not excused:
            self.fail(
                f"{stand.name}: flat was claimed with {len(stand.books.open_orders)} orders in the book"
            )


def dusty(stand: Stand, symbol: str, size: Decimal) -> bool:
    return abs(size) < stand.world.instruments[symbol].min_qty


class GetsThere(Checker):
    law = "After the weather heals, what must be flat is flat in time and the key dead, or it tries on."

    def __init__(self, scene: Scene, report: Callable[[Violation], None]) -> None:
        super().__init__(scene, report)
        self._tried_at: dict[str, float] = {}
        self._blind_at: dict[str, float] = {}

    def decided(self, step: Decided) -> None:
        event = step.event
        if isinstance(event, SnapshotTaken) and event.snapshot.positions is None:
            # A read without positions cannot tell that one is open again: only who sees it can be late.
            self._blind_at[event.snapshot.account] = self.scene.now()
        for effect in step.effects:
            if effect.kind == "close_position":
                self._tried_at[effect.account] = self.scene.now()

    def ended(self) -> None:
        life = self.scene.life
        if life is None:
            self.fail("guardian did not come back")
            return
        for account in life.state.accounts:
            stand = self.scene.stage.stands[account.policy.name]
            if not settled(account, stand):
                self.fail(f"{account.policy.name}: {account.level.name} was not reached: {_missing(account)}")
            elif account.level >= Level.FLATTEN and account.policy.has_hands:
                self._so(stand, account)

    def _so(self, stand: Stand, account: AccountState) -> None:
        """What was claimed once must hold at the end; where nothing can stop the bot, guardian keeps on."""
        if unstoppable(stand):
            open_now = any(not dusty(stand, leg.symbol, leg.size) for leg in stand.books.open_legs())
            since = max(self._tried_at.get(stand.name, 0.0), self._blind_at.get(stand.name, 0.0))
            if open_now and self.scene.now() - since > TRIES_WITHIN:
                self.fail(f"{stand.name}: not flat, and nothing has been tried for {TRIES_WITHIN:g} s")
            return
        said_dead = account.incident is not None and account.incident.key_dead_at is not None
        if said_dead and stand.bot_key.deleted_at is None:
            self.fail(f"{stand.name}: the key is said to be dead and lives")
        if stand.bot_key.can_trade and account.policy.has_admin:
            self.fail(f"{stand.name}: the bot's key can trade at the end")


def _missing(account: AccountState) -> str:
    incident = account.incident
    if incident is None:
        return "no incident"
    if incident.flatness.verified_at is None:
        waiting = [
            f"{t.key} {t.outcome or 'in flight'} {t.code}" for t in incident.targets if t.step != "permit"
        ]
        return "not verified flat; " + ", ".join(waiting[-6:])
    return "the key is not proven dead"


class TellsPeople(Checker):
    law = "Every rise of the level, or a worse one after it, reaches a person while any channel is up."

    def __init__(self, scene: Scene, report: Callable[[Violation], None]) -> None:
        super().__init__(scene, report)
        self._due: dict[tuple[str, str], float] = {}

    def decided(self, step: Decided) -> None:
        for old, new in step.pairs():
            if old is not None and new.level > old.level:
                self._due.setdefault((new.policy.name, new.level.name), self.scene.now())

    def told(self, channel: str, message: Message) -> None:
        for name, level in list(self._due):
            if name == message.account and Level[level] <= Level[message.level]:
                del self._due[name, level]

    def ended(self) -> None:
        for (name, level), at in self._due.items():
            if self.scene.now() > max(at, self._reachable(name)) + 20.0 and self.scene.stage.disk.lost == 0:
                self.fail(f"{name}: nobody was told of {level}")

    def died(self, life: Life) -> None:
        """What was decided in the last moment may have been nowhere but in the process.

        While the disk hangs that moment is as long as the messages before it take, one a second each channel.
        """
        now, hung = self.scene.now(), self.scene.stage.weather.rages("fsync-hung", "")
        moment = LAST_MOMENT if hung is None else LAST_MOMENT + QUEUE_SECONDS * len(self.scene.stage.stands)
        self._due = {key: at for key, at in self._due.items() if now - at > moment}

    def _reachable(self, name: str) -> float:
        """From when on people can be told: after an outage the next try comes after as long again."""
        plans = self.scene.stage.weather.plans("notifier-down")
        return max((2 * p.until - p.at for p in plans if p.account in ("", name)), default=0.0)


class KeepsSecrets(Checker):
    law = "No secret is in the journal, in a message or in a report."

    def told(self, channel: str, message: Message) -> None:
        text = " ".join((message.title, *message.lines))
        if any(secret in text for secret in SECRETS.values()):
            self.fail("a secret was told to people")

    def ended(self) -> None:
        for record in self.scene.stage.disk.records:
            if any(secret in record.body for secret in SECRETS.values()):
                self.fail("a secret is in the journal")
                return


class Replays(Checker):
    law = "The journal gives the same decisions and effects again, byte for byte."

    def ended(self) -> None:
        disk = self.scene.stage.disk
        if disk.lost:
            return
        state = State()
        for number, record in enumerate(disk.records):
            state, problem, body = _again(state, record.body)
            if problem or body != record.body:
                self.fail(f"record {number} ({record.kind}) replays differently {problem}")
                return


def _again(state: State, body: str) -> tuple[State, str, str]:
    """The next state, a problem if the record cannot be replayed, and the body that replay gives."""
    try:
        event = decode_step_event(body)
        state, effects = step(state, event)
    except Exception as error:
        return state, f"({type(error).__name__}: {error})", ""
    return state, "", encode_step(event, state.decisions, effects)
