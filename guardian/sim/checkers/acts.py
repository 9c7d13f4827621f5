"""Laws about what guardian does to the account: never more risk, never outside, never unarmed."""

from __future__ import annotations

from collections.abc import Callable

from guardian.core.effects import CancelOrder, ClosePosition
from guardian.core.model import Level
from guardian.core.state import AccountState
from guardian.sim.checkers.checker import Checker, Decided, Deed, Scene, Violation
from guardian.sim.ports.stand import Stand
from guardian.sim.scenario.shapes import Act
from guardian.sim.world.orders import Order

OWED_SECONDS = 12.0
"""What is owed to a bot has been tried within this time: the longest rest is eight seconds."""

KINDS = {"fence": "fence_key", "restore": "unfence_key", "delete": "delete_key"}


class OnlyReduces(Checker):
    law = "Guardian's orders never increase absolute exposure and never flip a sign."

    def ordered(self, deed: Deed) -> None:
        if abs(deed.after) > abs(deed.before):
            self.fail(f"{deed.stand.name} {deed.request.symbol}: {deed.before} became {deed.after}")
        if deed.after * deed.before < 0:
            self.fail(f"{deed.stand.name} {deed.request.symbol}: flipped from {deed.before} to {deed.after}")


class KeepsStops(Checker):
    law = "A position never loses its protective stop unless it is being closed."

    def __init__(self, scene: Scene, report: Callable[[Violation], None]) -> None:
        super().__init__(scene, report)
        self._closing: set[tuple[str, str, int]] = set()

    def decided(self, step: Decided) -> None:
        for effect in step.effects:
            if effect.kind == "close_position":
                base, rest = effect.order.symbol.split("/")
                venue_id = base + rest.split(":")[0]
                self._closing.add((effect.account, venue_id, effect.order.index))

    def cancelled(self, stand: Stand, order: Order) -> None:
        if not (order.reduce_only and order.trigger is not None):
            return
        leg = (stand.name, order.symbol, order.index)
        size = stand.books.size(order.symbol, order.index)
        smallest = stand.world.instruments[order.symbol].min_qty
        if abs(size) >= smallest and leg not in self._closing:
            self.fail(f"{stand.name} {order.symbol}: the stop went while {size} was not being closed")


class StaysInScope(Checker):
    law = "No order and no key outside what this account's incident is about."

    def decided(self, step: Decided) -> None:
        for effect in step.effects:
            if effect.account not in self.scene.stage.stands:
                self.fail(f"an effect on {effect.account}, which is not watched")
            if isinstance(effect, ClosePosition | CancelOrder):
                self._touches(step.after.account(effect.account), effect)

    def _touches(self, account: AccountState | None, effect: ClosePosition | CancelOrder) -> None:
        """Where only some symbols are halted, the others are left alone."""
        symbol = effect.order.symbol if isinstance(effect, ClosePosition) else effect.symbol
        incident = account.incident if account is not None and account.level < Level.FLATTEN else None
        if incident is not None and incident.only and symbol not in incident.only:
            self.fail(f"{effect.account} {symbol}: touched, though only {', '.join(incident.only)} is halted")

    def ordered(self, deed: Deed) -> None:
        if not deed.before:
            self.fail(f"{deed.stand.name} {deed.request.symbol}: an order where nothing was held")

    def edited(self, stand: Stand, endpoint: str, key_id: str) -> None:
        if key_id != stand.bot_key.id:
            self.fail(f"{stand.name}: {endpoint} of a key that is not the bot's")


class OnlyWatches(Checker):
    law = "An account that is not armed is never touched, unless an operator demands it."

    def __init__(self, scene: Scene, report: Callable[[Violation], None]) -> None:
        super().__init__(scene, report)
        self._may = {s.name for s in scene.stage.stands.values() if s.plan.armed}

    def operated(self, act: Act) -> None:
        self._may.add(act.account)

    def _touched(self, stand: Stand, what: str) -> None:
        if stand.name not in self._may:
            self.fail(f"{stand.name}: {what}, though it is only observed")

    def ordered(self, deed: Deed) -> None:
        self._touched(deed.stand, "an order was sent")

    def cancelled(self, stand: Stand, order: Order) -> None:
        self._touched(stand, "an order was cancelled")

    def edited(self, stand: Stand, endpoint: str, key_id: str) -> None:
        self._touched(stand, f"a key was changed ({endpoint})")


def _names(symbols: tuple[str, ...], account: AccountState) -> bool:
    """Where only some symbols are halted, the permit names each of them."""
    incident = account.incident
    if incident is None or account.level >= Level.FLATTEN:
        return False
    return bool(incident.only) and set(incident.only) <= set(symbols)


class HasIntent(Checker):
    law = "Each external effect has an earlier durable intent, or a gap that was declared."

    def ordered(self, deed: Deed) -> None:
        self._intended(deed.stand, f'"client_id":"{deed.request.link_id}"')

    def cancelled(self, stand: Stand, order: Order) -> None:
        # A read that lists the order names its id too, but not as an effect does.
        self._intended(stand, f'"order_id":"{order.id}"')

    def edited(self, stand: Stand, endpoint: str, key_id: str) -> None:
        self._intended(stand, f'"key_id":"{key_id}","kind":"{KINDS[endpoint]}"')

    def _intended(self, stand: Stand, word: str) -> None:
        life, disk = self.scene.life, self.scene.stage.disk
        if any(word in record.body for record in reversed(disk.records)):
            return
        # The process that sent it may be dead by now; what it declared died with it, and the disk tells.
        if life is not None and life.runtime.committer.ok and disk.lost == 0:
            self.fail(f"{stand.name}: {word} took effect before its intent was durable")


class GivesBack(Checker):
    law = "After a resume a fenced key is given back, or guardian still tries; none stays fenced for ever."

    def __init__(self, scene: Scene, report: Callable[[Violation], None]) -> None:
        super().__init__(scene, report)
        self._fenced: set[str] = set()
        self._tried: dict[str, float] = {}

    def edited(self, stand: Stand, endpoint: str, key_id: str) -> None:
        """At the venue, whatever becomes of the answer."""
        (self._fenced.add if endpoint == "fence" else self._fenced.discard)(stand.name)

    def decided(self, step: Decided) -> None:
        for effect in step.effects:
            if effect.kind == "unfence_key":
                self._tried[effect.account] = self.scene.now()

    def ended(self) -> None:
        life = self.scene.life
        if life is None or self.scene.stage.disk.lost:
            return
        for account in life.state.accounts:
            name = account.policy.name
            # Only an operator leaves FLATTEN: whoever is below it and fenced was resumed. A key that its
            # owner has deleted meanwhile cannot be given back.
            deleted = self.scene.stage.stands[name].bot_key.deleted_at is not None
            kept = account.level >= Level.FLATTEN or name not in self._fenced or deleted
            if not kept and self.scene.now() - self._tried.get(name, 0.0) > OWED_SECONDS:
                self.fail(f"{name}: resumed, and the bot's key stays fenced")


class PermitFollows(Checker):
    law = "From HALT on no permit in force lets a bot open risk."

    def moved(self) -> None:
        life = self.scene.life
        if life is None:
            return
        for account in life.state.accounts:
            permit = life.runtime.parts.permits.get(account.policy.name)
            open_still = permit.mode == "normal" and not _names(permit.symbols, account)
            if account.level >= Level.HALT and open_still and self._settled(account.policy.name):
                self.fail(f"{account.policy.name}: {account.level.name}, and the permit still says normal")

    def _settled(self, name: str) -> bool:
        """A permit takes a moment to be set; what counts is that it does not stay."""
        life = self.scene.life
        assert life is not None
        incident = next(a.incident for a in life.state.accounts if a.policy.name == name)
        return incident is not None and (life.clock.now() - incident.entered_at).total_seconds() > 1.0
