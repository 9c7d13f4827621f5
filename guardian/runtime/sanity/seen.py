"""The data path and the balances, as the running guardian has them: asked through the account's own watch.

No read of its own: rows of the ledger that a second reader took would be missing from the first one's books.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from guardian.config.shapes import AccountConfig
from guardian.core.metrics import balance_discrepancy
from guardian.core.metrics.metric import View
from guardian.core.model import AtLeast, Known, Part, Unknown
from guardian.core.state import AccountState, RuleState
from guardian.runtime.checkup.line import Line, Subject
from guardian.runtime.control.size import WHOLE_ACCOUNT
from guardian.runtime.loop import Runtime
from guardian.runtime.watch import READ_DEADLINE_SECONDS

LOOK_SECONDS = 0.1
SLOW_SECONDS = 2.0
LONGEST_COMPARISON_SECONDS = 60.0

UNREAD = "Look at the network, the watch key and the venue's status; `guardian check --online` tries each."
SLOW = "Run guardian nearer to the venue: every rule waits as long for its evidence."
UNEQUAL = "Compare the account's transactions at the venue with `guardian journal ledger`."
UNLIKE = "Look at the account at the venue: one of two of its own answers is wrong."


async def read_path(runtime: Runtime, name: str) -> list[Line]:
    """A whole read, asked now, must arrive and be judged before a read's own deadline."""
    subject = Subject(name, "read path")
    asked = runtime.parts.clock.now()
    runtime.watches[name].now()

    def arrived(account: AccountState) -> bool:
        read = account.evidence.complete_at
        return read is not None and read >= asked

    account = await _until(runtime, name, READ_DEADLINE_SECONDS, arrived)
    seconds = (runtime.parts.clock.now() - asked).total_seconds()
    if account is None or not arrived(account):
        why = "; ".join(f"{f.part.value}: {f.why}" for f in account.evidence.failures) if account else ""
        said = f"no whole read of the account within {READ_DEADLINE_SECONDS:g} s"
        return [subject.fail(f"{said} ({why})" if why else said, UNREAD)]
    said = f"a whole read was asked, answered and judged in {seconds:.2f} s"
    return [subject.warn(said, SLOW) if seconds > SLOW_SECONDS else subject.ok(said)]


def comparison_seconds(account: AccountConfig) -> float:
    """Two rounds of the ledger: rows come late, and a wallet needs the ledger of its own read."""
    return min(2 * account.poll.flows_seconds + 5.0, LONGEST_COMPARISON_SECONDS)


async def balances(runtime: Runtime, account: AccountConfig) -> list[Line]:
    """The wallet against its ledger, the wallet against the positions, the positions against their margin."""
    seconds = comparison_seconds(account)

    def agree(each: AccountState) -> bool:
        return not _unequal(runtime, each) and _margins(each).ok

    found = await _until(runtime, account.name, seconds, agree)
    subject = Subject(account.name, "balances")
    if found is None:
        return [subject.fail("the account is not known yet", UNREAD)]
    lines = [subject.fail(f"{why}, for {seconds:g} s", UNEQUAL) for why in _unequal(runtime, found)]
    if not lines:
        lines = [subject.ok("wallet, ledger and positions explain each other")]
    return [*lines, _margins(found)]


def _unequal(runtime: Runtime, account: AccountState) -> list[str]:
    """What does not agree, or cannot be compared."""
    view = View(account, WHOLE_ACCOUNT, RuleState(""), runtime.parts.clock.now())
    said = []
    match balance_discrepancy.measure(view):
        case Unknown(why):
            said.append(f"wallet and ledger cannot be compared ({why})")
        case Known(value) | AtLeast(value) if value > 0 or _differs(account):
            said.append(f"{value:.4%} of equity in the wallet is not explained by the ledger")
        case _:
            pass
    if account.nav is None or not account.nav.agreed:
        said.append("the wallet's equity is not what ledger and positions at mark amount to, within 1 %")
    return said


def _differs(account: AccountState) -> bool:
    """Whether a coin differs that has no price, so that the fraction of equity does not show it."""
    nav, wallet = account.nav, account.evidence.wallet
    if nav is None or wallet is None:
        return False
    return bool(balance_discrepancy.discrepancies(wallet.balances, dict(nav.cash)))


def _margins(account: AccountState) -> Line:
    """A second endpoint's opinion: the wallet names the margin of positions that the listing must show."""
    subject, evidence = Subject(account.policy.name, "positions"), account.evidence
    if evidence.wallet is None or evidence.asked_at(Part.POSITIONS) is None:
        return subject.fail("wallet or positions have never been read", UNREAD)
    held, margin = len(evidence.positions), evidence.wallet.position_margin
    if margin > 0 and not held:
        return subject.fail(f"none is listed, and the wallet names a margin of {margin:f} for them", UNLIKE)
    return subject.ok(f"{held} listed, and the wallet's margin for them is {margin:f}")


async def _until(
    runtime: Runtime, name: str, seconds: float, good: Callable[[AccountState], bool]
) -> AccountState | None:
    """The account once it is good, or as it is when the time is over."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    while loop.time() < deadline:
        account = runtime.state.account(name)
        if account is not None and good(account):
            return account
        await asyncio.sleep(LOOK_SECONDS)
    return runtime.state.account(name)
