"""A checker that nothing can fail proves nothing: one lie for each, told about a life that went well."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from guardian.journal.store import Entry, Origin, Store
from tests.crash.cases import Blow, Case, Means, Phase
from tests.crash.checks import CHECKS, violations
from tests.crash.evidence import Held, Life, Pace, Struck
from tests.crash.figures import Figures, spread
from tests.crash.pace import Landed, struck

LINK = "gdn-abc123-btc-1"
ORDER = {
    "role": "hands",
    "method": "POST",
    "path": "/v5/order/create",
    "order_link_id": LINK,
    "reduce_only": True,
}
OPENED = {"symbol": "BTCUSDT", "side": "Buy", "qty": "2", "order_link_id": ""}
CLOSED = {"symbol": "BTCUSDT", "side": "Sell", "qty": "2", "order_link_id": LINK}
HELD = Held("abc123", "LOCKOUT", True, "breached")
STRUCK = Struck(
    Blow(Phase.CLOSING, Means.KILL, 0.1), Phase.CLOSING, HELD, HELD, Pace(True, 1.2, 0.4, 0.5, 1.3)
)


@pytest.fixture
def life(tmp_path: Path) -> Life:
    """Killed while closing, back in time, flat, locked out, everything in the journal."""
    path = tmp_path / "journal.db"
    store = Store(path, Origin("test"))
    store.append([Entry(datetime.now(UTC), "snapshot", f'{{"effects":[{{"client_id":"{LINK}"}}]}}')])
    store.drop()
    return Life(
        case=Case(1, 1, 20, 0.06, (), None, (STRUCK.blow,)),
        struck=(STRUCK,),
        sizes={"BTCUSDT": Decimal(2)},
        books={"positions": [], "orders": [], "executions": [OPENED, CLOSED], "sign_flips": 0, "keys": []},
        requests=[ORDER],
        account={"level": "LOCKOUT", "incident": {"id": "abc123", "verified_flat_at": "now"}},
        drawdown=0.06,
        probe=10003,
        journal=path,
    )


def book(**changed: Any) -> Callable[[Life], Life]:
    return lambda life: replace(life, books={**life.books, **changed})


def blow(**changed: Any) -> Callable[[Life], Life]:
    return lambda life: replace(life, struck=(replace(STRUCK, **changed),))


def asked(**changed: Any) -> Callable[[Life], Life]:
    return lambda life: replace(life, requests=[ORDER, {**ORDER, **changed}])


def torn(life: Life) -> Life:
    """One byte of the only record is another."""
    raw = life.journal.read_bytes()
    life.journal.write_bytes(raw.replace(b'{"effects"', b'{"effectz"'))
    return life


LIES: tuple[tuple[str, Callable[[Life], Life]], ...] = (
    ("ends_flat", book(positions=[{"symbol": "BTCUSDT"}])),
    ("ends_flat", lambda life: replace(life, account={**life.account, "incident": {"id": "abc123"}})),
    ("ends_locked_out", lambda life: replace(life, account={**life.account, "level": "HALT"})),
    ("ends_locked_out", lambda life: replace(life, probe=0)),
    ("closes_nothing_twice", book(executions=[OPENED, CLOSED, CLOSED])),
    ("closes_nothing_twice", book(executions=[OPENED, {**CLOSED, "qty": "1"}])),
    ("closes_nothing_twice", book(sign_flips=1)),
    ("closes_only", asked(reduce_only=False)),
    ("closes_only", asked(path="/v5/order/create-batch", orders=[{**ORDER, "reduce_only": None}])),
    ("resumes_the_incident", asked(order_link_id="gdn-zzz999-btc-1")),
    ("resumes_the_incident", blow(after=replace(HELD, incident=""))),
    ("keeps_latch_and_arming", blow(after=replace(HELD, level="NORMAL"))),
    ("keeps_latch_and_arming", blow(after=replace(HELD, armed=False))),
    ("keeps_the_baseline", lambda life: replace(life, drawdown=0.001)),
    ("keeps_the_baseline", blow(after=replace(HELD, verdict="warming"))),
    ("acts_in_time", blow(pace=Pace(True, 1.2, 0.4, 2.5, 3.0))),
    ("acts_in_time", blow(pace=Pace(False, 1.2, 2.5))),
    ("journals_before_it_acts", asked(order_link_id="gdn-abc123-btc-2")),
    ("keeps_its_journal", torn),
)


def test_a_life_in_which_all_is_well_has_no_violation(life: Life) -> None:
    assert violations(life) == []


@pytest.mark.parametrize(("checker", "lie"), LIES, ids=[f"{n}-{name}" for n, (name, _) in enumerate(LIES)])
def test_each_checker_finds_its_lie(checker: str, lie: Callable[[Life], Life], life: Life) -> None:
    found = [said.partition(":")[0] for said in violations(lie(life))]

    assert checker in found


def test_every_checker_has_a_lie() -> None:
    assert {check.__name__ for check in CHECKS} == {name for name, _ in LIES}


def test_a_guardian_that_does_nothing_although_it_is_due_is_too_late() -> None:
    """Without a request of its own there is no first act to measure; silence must not pass for speed."""
    fell = Landed(
        STRUCK.blow, HELD, at=100.0, due=True, began=101.0, locked=102.0, answered=103.0, after=HELD
    )
    cut_short = Landed(STRUCK.blow, HELD, at=103.0, due=True)
    later = Landed(STRUCK.blow, HELD, at=110.0)

    assert struck([fell, later], [])[0].pace.act_s == 8.0
    assert not struck([fell, cut_short], [])[0].pace.due


def test_figures_count_blows_by_phase_and_say_what_was_wrong(life: Life) -> None:
    figures = Figures()
    figures.add(life)
    figures.add(replace(life, probe=0))

    document = figures.document()

    assert document["phases"]["while closing"] == 2
    assert document["violations"] == 1
    assert document["failed"] == [
        {"life": "life 1 of seed 1", "said": "ends_locked_out: the bot's key still gets code 0"}
    ]
    assert document["lock_to_first_act_s"] == {"count": 2, "p50": 0.5, "max": 0.5}


def test_a_process_that_was_only_stopped_is_no_restart(life: Life) -> None:
    stopped = replace(STRUCK, blow=replace(STRUCK.blow, means=Means.STOP_GO))
    figures = Figures()
    figures.add(replace(life, struck=(stopped,)))

    document = figures.document()

    assert document["restart_to_resume_s"] == spread([])
    assert document["continue_to_first_act_s"]["max"] == 0.5
