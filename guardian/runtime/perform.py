"""Perform effects: each at once, each under its own deadline, each ending in a report.

Law: performing never raises. An answer that did not come in time is UNKNOWN: it may have taken effect.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime

from guardian.core import effects as fx
from guardian.core.events import UNFENCE, EffectReported, Event, KeysListed, Outcome, Troubled
from guardian.errors import GuardianError, SecretError
from guardian.ports import Clock, Credential, KeyAdmin, Report
from guardian.runtime.desk import AccountDesk
from guardian.runtime.permit import Permit, PermitBook

DEADLINE_SECONDS: dict[type, float] = {
    fx.ClosePosition: 5.0,
    fx.CancelOrder: 5.0,
    fx.ResolveOrder: 4.0,
    fx.FenceKey: 5.0,
    fx.UnfenceKey: 10.0,
    fx.DeleteKey: 10.0,
    fx.DestroySecret: 10.0,
    fx.ListKeys: 10.0,
    fx.HaltBot: 5.0,
    fx.PrepareKeys: 5.0,
    fx.SetPermit: 2.0,
    fx.ReadNow: 10.0,
}

OWN_KEY = Report(Outcome.IMPOSSIBLE, "own-key", "this is one of guardian's own keys")
STAYS_FENCED = Report(Outcome.REFUSED, "incident", "the account has to be flat once more: the fence stays up")
NO_KEY = Report(Outcome.IMPOSSIBLE, "no-key", "guardian has no usable key for this")
CUSTODY = "custody"
"""Trouble: a key that acts could not be fetched."""


class Performer:
    """Starts a task for each effect; `post` receives the events that come of it."""

    def __init__(
        self,
        desks: Mapping[str, AccountDesk],
        permits: PermitBook,
        clock: Clock,
        post: Callable[[Event], None],
    ) -> None:
        self._desks = desks
        self._permits = permits
        self._clock = clock
        self._post = post
        self._tasks: set[asyncio.Task[None]] = set()
        self.read_now: Callable[[str], None] = lambda account: None
        self.must_be_flat: Callable[[str], bool] = lambda account: False

    def start(self, effect: fx.Effect) -> None:
        """Begin at once and return; the outcome arrives as an event."""
        if isinstance(effect, fx.Notify):
            return
        task = asyncio.get_running_loop().create_task(self._perform(effect), name=effect.kind)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def drain(self, seconds: float) -> None:
        """Give what is in flight a moment to be answered before the process ends."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=seconds)

    async def _perform(self, effect: fx.Effect) -> None:
        deadline = DEADLINE_SECONDS[type(effect)]
        try:
            report = await asyncio.wait_for(self._act(effect), deadline)
        except TimeoutError:
            report = Report(Outcome.UNKNOWN, "timeout", f"no answer within {deadline:.0f} s")
        except GuardianError as error:
            report = Report(Outcome.REFUSED, "guardian", str(error))
        except OSError as error:
            report = Report(Outcome.REFUSED, f"os-{error.errno}", error.strerror or type(error).__name__)
        except Exception as error:
            # A bug in an adapter must not stop the incident; only the type is told, never the message.
            report = Report(Outcome.UNKNOWN, "bug", f"unexpected {type(error).__name__}")
        if isinstance(effect, fx.UnfenceKey) and report is not STAYS_FENCED:
            self._tell_unfenced(effect, report)
        now = self._clock.now()
        self._post(
            EffectReported(
                now, effect.account, effect.id, report.outcome, report.code, report.detail, report.facts
            )
        )

    def _act(self, effect: fx.Effect) -> Awaitable[Report]:
        desk = self._desks[effect.account]
        match effect:
            case fx.ClosePosition() | fx.CancelOrder() | fx.ResolveOrder():
                return self._trade(desk, effect)
            case fx.FenceKey() | fx.UnfenceKey() | fx.DeleteKey() | fx.ListKeys():
                return self._keys(desk, effect)
            case fx.DestroySecret():
                return desk.secrets.destroy(effect.ref)
            case fx.HaltBot():
                return self._halt(desk, effect)
            case fx.PrepareKeys():
                return self._prepare(desk, effect.hold)
            case fx.SetPermit():
                return self._permit(effect)
            case fx.ReadNow():
                return self._read(effect.account)
            case _:
                raise AssertionError(f"{effect.kind} is not performed here")

    async def _trade(
        self, desk: AccountDesk, effect: fx.ClosePosition | fx.CancelOrder | fx.ResolveOrder
    ) -> Report:
        trader = await desk.hands()
        if trader is None:
            return NO_KEY
        match effect:
            case fx.ClosePosition():
                return await trader.close_position(effect.order)
            case fx.CancelOrder():
                return await trader.cancel(effect.symbol, effect.order_id, effect.conditional)
            case fx.ResolveOrder():
                return await trader.resolve(effect.symbol, effect.client_id)

    async def _keys(
        self, desk: AccountDesk, effect: fx.FenceKey | fx.UnfenceKey | fx.DeleteKey | fx.ListKeys
    ) -> Report:
        try:
            credential = await desk.admin_key()
        except SecretError as error:
            # The venue has refused nothing: refused often enough a fence counts as impossible, and a vault
            # that is only sealed must not buy that.
            return Report(Outcome.UNKNOWN, "secret", str(error))
        if desk.admin is None or credential is None:
            return NO_KEY
        if not isinstance(effect, fx.ListKeys) and effect.key_id in desk.own_keys:
            return OWN_KEY
        match effect:
            case fx.FenceKey():
                return await desk.admin.fence(credential, effect.key_id)
            case fx.UnfenceKey():
                if self.must_be_flat(desk.name):
                    return STAYS_FENCED  # Decided while the key to lift it with was being fetched.
                return await desk.admin.restore(credential, effect.key_id, effect.facts)
            case fx.DeleteKey():
                return await desk.admin.delete(credential, effect.key_id)
            case fx.ListKeys():
                return await self._list(desk.name, desk.admin, credential)

    def _tell_unfenced(self, effect: fx.UnfenceKey, report: Report) -> None:
        """A fence that stays up is told to people, whatever the reason, until a later try brings it down."""
        fine = report.outcome in (Outcome.DONE, Outcome.GONE)
        became = (
            "restored" if fine else f"not restored yet ({report.detail or report.code}); guardian tries on"
        )
        if report.outcome is Outcome.GONE:
            became = "of no use any more: the account has no such key"
        elif fine and dict(effect.facts).get("read_only") == "true":
            became = "as the fence found them, read-only; a bot that must trade needs them from the venue"
        detail, subject = f"key {effect.key_id}: permissions {became}", f"{UNFENCE}{effect.key_id}"
        self._post(Troubled(self._clock.now(), effect.account, subject, detail, healed=fine))

    async def _list(self, account: str, admin: KeyAdmin, credential: Credential) -> Report:
        asked: datetime = self._clock.now()
        listing = await admin.list_keys(credential)
        self._post(KeysListed(self._clock.now(), account, asked, listing.complete, listing.keys))
        if listing.complete:
            return Report(Outcome.DONE, facts=(("keys", str(len(listing.keys))),))
        return Report(Outcome.UNKNOWN, listing.code, listing.detail)

    async def _halt(self, desk: AccountDesk, effect: fx.HaltBot) -> Report:
        bot = desk.bots.get(effect.target)
        if bot is None:
            return Report(Outcome.IMPOSSIBLE, "no-target", f"no halt target {effect.target}")
        return await (bot.force if effect.force else bot.ask)(desk.name, effect.id)

    async def _prepare(self, desk: AccountDesk, hold: bool) -> Report:
        """Keys that cannot be fetched when they may be needed are told at once, not found out at the kill."""
        report = await desk.prepare(hold)
        fine = report.outcome is Outcome.DONE
        detail = "the keys for acting can be fetched" if fine else report.detail
        self._post(Troubled(self._clock.now(), desk.name, CUSTODY, detail, healed=fine))
        return report

    async def _permit(self, effect: fx.SetPermit) -> Report:
        await self._permits.set(effect.account, Permit(effect.mode, effect.size_cap, effect.symbols))
        return Report(Outcome.DONE)

    async def _read(self, account: str) -> Report:
        self.read_now(account)
        return Report(Outcome.DONE)
