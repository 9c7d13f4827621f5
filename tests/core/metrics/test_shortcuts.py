"""What is remembered or taken by a shorter way changes no value: the long way is the oracle."""

from __future__ import annotations

from datetime import timedelta
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guardian.bench.metrics.market import nav_of
from guardian.core.frozen import replace
from guardian.core.memory import AssetReturns, Correlations, Returns
from guardian.core.metrics import baseline, correlation, holdings, repriced
from guardian.core.metrics.cluster_exposure import matrix
from guardian.core.metrics.exposure import by_asset
from guardian.core.metrics.following import clustered, settled
from guardian.core.metrics.pairs import Pair, together
from guardian.core.metrics.remembered import ANSWERS, OWNERS, by_identity, newest_of
from guardian.core.model import Balance, Known, Snapshot, Window
from guardian.core.observe import blank
from guardian.core.state import AccountState
from tests.core.build import at, money, policy, position, read, rule, wallet

legs = st.tuples(
    st.sampled_from(["A/USDT:USDT", "A/USD:A", "B/USDT:USDT", "C/USDT:USDT"]),
    st.sampled_from([0, 1, -2]),
    st.sampled_from([0, 1, 2]),
    st.floats(1, 1000).map(lambda mark: round(mark, 2)),
)
again = st.floats(0.5, 2)
reads = st.lists(
    st.tuples(
        # What is held, or the factor by which all that was held has moved: a read of marks alone.
        st.one_of(st.lists(legs, max_size=4), again, again),
        st.sampled_from([False, False, False, True]),
        st.sampled_from([1, 1, 300, 700_000]),
    ),
    max_size=12,
)


Leg = tuple[str, int, int, float]


def told(seconds: int, held: list[tuple[str, int, int, float]], coins: bool) -> Snapshot:
    positions = tuple(position(s, q, mark, index=index) for s, q, index, mark in held)
    money_of = (Balance("USDT", money(1000), money(1)), Balance("B", money(2), money(90)))
    return replace(
        read(seconds, positions), wallet=wallet(1000, balances=money_of if coins else money_of[:1])
    )


@settings(max_examples=200, deadline=None)
@given(reads)
def test_marks_alone_are_followed_as_everything_is(
    story: list[tuple[list[Leg] | float, bool, int]],
):
    short: Correlations | None = None
    long: Correlations | None = None
    now, held = 0, []
    for what, coins, later in story:
        now += later
        held = (
            what if isinstance(what, list) else [(s, q, i, round(what * mark, 2)) for s, q, i, mark in held]
        )
        seen = told(now, held, coins)
        short = correlation.fold_correlations(short, seen)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(correlation, "marked_alone", lambda book, seen: None)
            long = correlation.fold_correlations(long, seen)
        assert short is not None
        assert settled(short) == long
        assert clustered(short) == ({s[0] for s, q, _, _ in held if q} & {f.asset for f in short.followed})


@settings(max_examples=200, deadline=None)
@given(reads)
def test_exposures_are_repriced_as_they_are_asked_for_anew(story: list[tuple[list[Leg] | float, bool, int]]):
    """Also of inverse contracts, of several legs of an asset and of coins: of those nothing is remembered."""
    own, now, held = AccountState(policy(), at(0)), 0, []
    for what, coins, later in story:
        now += later
        held = (
            what if isinstance(what, list) else [(s, q, i, round(what * mark, 2)) for s, q, i, mark in held]
        )
        seen = told(now, held, coins)
        evidence = replace(own.evidence, wallet=seen.wallet, positions=seen.positions or ())
        own = replace(own, evidence=evidence)
        names, worth = repriced.exposures(own)
        anew = by_asset(evidence.positions, evidence.wallet, own.policy.currency)

        assert list(names) == sorted(anew)
        assert worth.tolist() == pytest.approx([float(anew[name]) for name in names], rel=1e-14)


def test_rules_of_one_window_keep_one_baseline_and_others_their_own():
    hour, day = Window("sliding", 3600.0), Window("session")
    rules = tuple(
        rule(id=name, window=w) for name, w in (("a", hour), ("b", Window("sliding", 3600.0)), ("c", day))
    )
    late = baseline.fold_baseline(None, hour, at(0), 200.0)
    own = AccountState(policy(), at(0), rules=tuple(map(blank, rules)))
    apart = replace(own, rules=(own.rules[0], replace(own.rules[1], baseline=late), own.rules[2]))
    a, b, c = (known.baseline for known in baseline.fold_baselines(own, nav_of(at(1), 100.0), rules))
    alone, after, _ = (
        known.baseline for known in baseline.fold_baselines(apart, nav_of(at(1), 100.0), rules)
    )

    assert a is not None
    assert a is b
    assert c is not a
    assert alone == a
    assert after is not None
    assert [200.0, 100.0] == [value for _, value in after.points]


def test_an_answer_is_of_the_very_same_value_and_the_number_of_answers_is_bounded():
    asked: list[list[int]] = []
    size = by_identity(lambda value: asked.append(value) or len(value))  # type: ignore[func-returns-value]
    one, same = [1], [1]

    assert [1, 1, 1] == [size(one), size(one), size(same)]
    assert 2 == len(asked)
    for _ in range(ANSWERS):
        size([1, 2])
    assert 1 == size(one)
    assert ANSWERS + 3 == len(asked)


def test_of_each_owner_only_the_newest_is_kept():
    asked: list[tuple[str, int]] = []

    @newest_of
    def doubled(owner: str, value: int) -> int:
        asked.append((owner, value))
        return 2 * value

    assert [2, 2, 4, 2, 2] == [doubled(*of) for of in (("a", 1), ("a", 1), ("a", 2), ("b", 1), ("a", 1))]
    assert [("a", 1), ("a", 2), ("b", 1), ("a", 1)] == asked
    for i in range(OWNERS):
        doubled(f"other {i}", 1)
    before = len(asked)
    doubled("a", 1)
    assert before + 1 == len(asked)


def test_one_field_is_copied_as_many_are():
    assert Known(2.0) == replace(Known(1.0), value=2.0)
    assert at(0) + timedelta(seconds=1) == replace(read(0), asked_at=at(1)).asked_at


@pytest.mark.parametrize("followed", ["A", "AB", "ABC"])
@pytest.mark.parametrize("held", ["", "A", "B", "AC", "ABC"])
def test_what_is_learned_of_what_is_held_is_what_asset_by_asset_would_tell(
    monkeypatch: pytest.MonkeyPatch, followed: str, held: str
):
    """Of one asset there is no pair to know, of none nothing at all; of what is not followed the long way."""
    pairs = together(Pair(a, b, (1.0, 1.0, 0.3, 0.5)) for a, b in combinations(followed, 2))
    moments = pairs if pairs.assets else replace(pairs, assets=tuple(followed))
    squares = ((1e-5, 0.9), (2e-5, 0.8), (3e-5, 0.7), (4e-5, 0.6), (5e-5, 0.5))
    seen = told(0, [(f"{name}/USDT:USDT", 2, 0, 90.0) for name in held], False)
    own = AccountState(policy(), at(0), correlations=Correlations(1, moments=moments))
    own = replace(own, returns=Returns(1, tuple(AssetReturns(name, squares) for name in followed)))
    evidence = replace(own.evidence, wallet=seen.wallet, positions=seen.positions or ())
    own = replace(own, evidence=evidence)
    short = holdings.holdings(own)
    monkeypatch.setattr(holdings, "_learned", lambda *given: None)
    long = holdings.holdings(own)

    assert repr(long) == repr(short)
    assert set(held) - set(followed) == set(short.unmeasured)


@given(st.sets(st.sampled_from("ABCDE")), st.data())
def test_correlations_of_what_is_held_are_a_part_of_those_of_what_is_followed(
    held: set[str], data: st.DataObject
):
    """What was sold is followed for a week: its rows are left out, as if each pair had been asked for."""
    rho = st.floats(-0.9, 0.9)
    pairs = together(
        Pair(a, b, fast=(1.0, 1.0, data.draw(rho), 0.5), slow=(1.0, 1.0, 0.0, 0.5))
        for a, b in combinations("ABCDE", 2)
    )
    assets = tuple(sorted(held))
    worth = dict.fromkeys(assets, 1.0)
    found, lacking = holdings._correlations(Correlations(1, moments=pairs), assets, worth.items())

    assert matrix(worth, correlation.fast_rhos(pairs)) == found.tolist()
    assert not lacking
