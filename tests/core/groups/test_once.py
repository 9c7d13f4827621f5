"""What all members of a group see alike is made once a tick; no result depends on what was remembered."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardian.core.engine import step
from guardian.core.events import SnapshotTaken, Tick
from guardian.core.metrics import group
from guardian.core.model import Known
from tests.core.build import ETH, SLIDING_HOUR, at, position, read, rule, rung
from tests.core.groups.office import GROUP, Office

NAMES = tuple("abcdefgh")
GROSS = rule(rung(1.5, "caution"), id="gross", metric="gross_exposure", scope="portfolio")
WINDOW = rule(rung(0.05, "caution"), id="window", window=SLIDING_HOUR, scope="portfolio")


def counted(monkeypatch: pytest.MonkeyPatch, name: str) -> list[Any]:
    calls, plain = list[Any](), getattr(group, name)
    monkeypatch.setattr(group, name, lambda *given: calls.append(given) or plain(*given))
    return calls


def test_a_tick_merges_a_group_once_for_all_its_members_and_rules(monkeypatch: pytest.MonkeyPatch):
    office = Office((GROUP, WINDOW, GROSS), *NAMES).warm(*((name, 1000) for name in NAMES))
    wallets = counted(monkeypatch, "_wallet")

    office.send(Tick(at(0.5)))
    assert 1 == len(wallets)

    office.see("a", read(1, (position(mark=900, entry=1000),)))
    assert 2 == len(wallets)


def test_what_a_read_changes_is_seen_by_all_at_the_next_tick():
    office = Office((GROSS,), *NAMES[:2]).warm(("a", 1000), ("b", 1000))
    office.see("a", read(1, (position(quantity=3, mark=1000),)))
    office.send(Tick(at(1.5)))

    for name in "ab":
        own = office.account(name).rule("gross")
        assert own is not None
        assert Known(pytest.approx(2.0)) == own.measured


LOOKS = st.lists(
    st.tuples(st.sampled_from(("a", "b", "c", "")), st.floats(700, 1300), st.sampled_from((0.3, 1.0, 4.0))),
    min_size=1,
    max_size=25,
)


@given(LOOKS)
def test_what_was_remembered_changes_no_step(looks: list[tuple[str, float, float]]):
    """A copy of the state shares no value with what any memo knows."""
    office = Office((GROUP, WINDOW, GROSS), "a", "b", "c").warm(("a", 1000), ("b", 1000), ("c", 3000))
    second = 0.0
    for name, mark, pause in looks:
        second += pause
        legs = (position(mark=mark, entry=1000), position(ETH, 1, mark / 10))
        seen = SnapshotTaken(at(second), replace(read(second, legs), account=name))
        event = seen if name else Tick(at(second))
        anew = step(deepcopy(office.state), event)
        effects = office.send(event)
        assert anew == (office.state, effects)
