"""M27: why orders were refused, by what it asks of people."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardian.core.metrics.api_errors import wilson_lower
from guardian.core.metrics.refusals import CLASSES, refused
from guardian.core.model import AtLeast, Known, Unknown
from tests.core.metrics.beside.stage import Stage, past

CODES = {
    "funds": ["110007", "170131", "EC_NoEnoughBalance"],
    "filter": ["EC_LimitOrderInvalidPrice", "EC_QtyCannotBeZero", "110003"],
    "rate": ["10006", "http-429", "http-418"],
    "book": ["EC_PostOnlyWillTakeLiquidity", "EC_NoImmediateQtyToFill"],
    "unknown": ["", "EC_Others", "EC_SomethingNew"],
    "auth": ["10003", "33004"],
}


@pytest.mark.parametrize(("kind", "code"), [(kind, code) for kind, codes in CODES.items() for code in codes])
def test_each_refusal_is_of_one_class(kind: str, code: str):
    """metrics.md M27: what asks different things of people is told apart. A new code is not lost."""
    assert kind == refused(past("r", -9, status="rejected", code=code))
    assert refused(past("c", -9, status="cancelled", code=code)) == ""


@pytest.mark.parametrize(("of", "rejected"), [("", 7), ("funds", 5), ("book", 2), ("filter", 0)])
def test_rejects_of_one_class_are_of_all_that_was_placed(of: str, rejected: int):
    rows = [past(f"r{n}", -9, status="rejected", code="110007") for n in range(5)]
    rows += [past(f"p{n}", -9, status="rejected", code="EC_PostOnlyWillTakeLiquidity") for n in range(2)]
    rows += [past(f"f{n}", -9) for n in range(3)] + [past("a", -9, status="rejected", code="10003")]
    stage = Stage("reject_rate", of=of).watched()
    stage.did(0, orders=tuple(rows))

    assert stage.now(0) == Known(pytest.approx(wilson_lower(rejected, 10) if rejected else 0.0))


@pytest.mark.parametrize(("of", "code"), [("funds", "EC_NoEnoughBalance"), ("rate", "10006")])
def test_what_the_venue_refuses_at_its_door_is_no_calm_until_it_has_listed_one(of: str, code: str):
    """Bybit makes no order of what it refuses for haste: a history without any proves nothing."""
    stage = Stage("reject_rate", of=of).watched()
    stage.did(0, orders=tuple(past(f"f{n}", -9) for n in range(3)))
    before = stage.now(0)

    stage.did(1, orders=(past("r", 0, status="rejected", code=code),))
    listed = stage.now(1)
    stage.did(2 * 3600)
    later = stage.now(2 * 3600)

    why = f"the venue has listed no order of the class {of}, and may list none"
    assert AtLeast(0.0, why) == before
    assert Known(pytest.approx(wilson_lower(1, 4))) == listed
    assert Known(0.0) == later


def test_a_class_that_nobody_knows_is_never_a_number():
    stage = Stage("reject_rate", of="money").watched()
    stage.did(0, orders=(past("r", -9, status="rejected"),))

    assert Unknown("`of` names no class of refusals: money") == stage.now(0)


@given(st.lists(st.sampled_from([code for codes in CODES.values() for code in codes]), max_size=12))
def test_the_classes_add_up_to_all_refusals(codes: list[str]):
    """None is counted twice, and none in no class."""
    kinds = Counter(refused(past("r", -9, status="rejected", code=code)) for code in codes)

    assert set(kinds) <= {*CLASSES, "auth"}
    assert len(codes) == sum(kinds.values())
