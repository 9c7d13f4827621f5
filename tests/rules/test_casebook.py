"""The text of cases: what it means, and how it is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from guardian.config.shapes import ConfigError, Finding
from guardian.runtime.casebook.book import Outcome, files_of, played, rewritten
from guardian.runtime.casebook.case import FACTS, TOLD
from guardian.runtime.casebook.read import HEADS
from guardian.runtime.casebook.told import MARKET
from guardian.runtime.casebook.words import READ

RULE = "rule dd drawdown hwm caution:0.025:2s halt:0.05:2s"
CASE = f"# Six percent halts.\n{RULE}\n-5..-1 read BTC=10@1000\n0..3 read BTC=10@940/1000\n"


def told(folder: Path, text: str, *packs: str) -> list[Outcome]:
    file = folder / "case.txt"
    file.write_text(text, encoding="utf-8")
    return list(played([file], packs, folder))


def deeds(folder: Path, facts: str, rule: str = RULE) -> list[str]:
    (outcome,) = told(folder, f"# A case.\n{rule}\n{facts}\n")
    return [" ".join(line.split()) for line in outcome.deeds]


def test_a_case_tells_verdicts_levels_effects_and_notifications(tmp_path: Path) -> None:
    (outcome,) = told(tmp_path, CASE)

    assert (
        "   -1.0  dd clear at 0",
        "    0.0  dd pending at 0.06",
        "    2.0  dd breached at 0.06",
        "    2.0  NORMAL -> HALT (dd)",
        "    2.0  permit reduce_only 0",
        "    2.0  keys fetched and held",
        "    2.0  ask bot to stop",
        "    2.0  page HALT: main",
    ) == outcome.deeds
    assert not outcome.ok, "facts without deeds prove nothing"


def test_what_is_rewritten_is_as_expected_and_stays_so(tmp_path: Path) -> None:
    text = rewritten(told(tmp_path, CASE + "----\n    2.0  a lie\n\n" + CASE))

    again = told(tmp_path, text)

    assert [True, True] == [outcome.ok for outcome in again]
    assert text == rewritten(again)


def test_a_difference_is_a_unified_diff(tmp_path: Path) -> None:
    right = rewritten(told(tmp_path, CASE))

    (outcome,) = told(tmp_path, right.replace("NORMAL -> HALT", "NORMAL -> REDUCE"))

    assert f"--- {tmp_path}/case.txt:1 (expected)" in outcome.difference
    assert "-    2.0  NORMAL -> REDUCE (dd)\n+    2.0  NORMAL -> HALT (dd)" in outcome.difference


def test_equity_is_honest_and_a_phantom_is_not(tmp_path: Path) -> None:
    """The same number: lost in trades it is a loss, claimed by the wallet alone it is none."""
    honest = deeds(tmp_path, "-5..-1 read\n0..3 read equity=9400\n3 look")
    phantom = deeds(tmp_path, "-5..-1 read\n0..3 read phantom=9400\n3 look")

    assert ["3.0 level HALT", "3.0 dd breached at 0.06"] == honest[-2:]
    assert ["3.0 level NORMAL", "3.0 dd unknown, at least 0"] == phantom[-2:]


def test_money_moves_once_in_a_range_of_reads(tmp_path: Path) -> None:
    got = deeds(tmp_path, "-5..-1 read\n0..9 read flow=-1000\n10 read trade=-540\n11 look")

    assert "11.0 dd pending at 0.06" == got[-1]


def test_rows_wait_while_the_ledger_fails(tmp_path: Path) -> None:
    rule = "rule own unexplained now caution:0.01:30s"
    got = deeds(tmp_path, "-5..-1 read\n0..2 read flow=-1000 failed=ledger\n3 read", rule)

    assert ["-5.0 own clear at 0", "0.0 own pending at 0.1", "3.0 own clear at 0"] == got


def test_a_phantom_may_be_no_number_at_all(tmp_path: Path) -> None:
    got = deeds(tmp_path, "-5..-1 read BTC=1@1000\n0..9 read BTC=1@1000 phantom=nan\n9 look")

    assert "9.0 level NORMAL" in got


def test_an_inverse_contract_loses_in_its_coin(tmp_path: Path) -> None:
    """10000 dollars of it, bought at 1000: at 960 they are 0.41667 coins less, which are 400 dollars."""
    reads = "read cash=0 coin=BTC:10@960 BTC/USD:BTC=10000@{}/1000"
    got = deeds(tmp_path, f"-5..-1 {reads.format(1000)}\n0..3 {reads.format(960)}\n3 look")

    assert got[-2:] == ["3.0 level CAUTION", "3.0 dd breached at 0.04167"]


def test_each_of_several_accounts_is_named(tmp_path: Path) -> None:
    facts = (
        "account a\naccount b no-hands\n-5..-1 a: read BTC=10@1000\n0 a: read BTC=10@1000\n1 b: demand halt"
    )
    got = deeds(tmp_path, facts)

    assert "1.0 b: NORMAL -> HALT (operator)" in got
    assert not [line for line in got if " a: " in line and "HALT" in line]


def test_accounts_of_one_mandate_are_judged_as_one(tmp_path: Path) -> None:
    """The same loss halts the client's other account, and not the one of somebody else."""
    heads = "account a mandate=x\naccount b mandate=x\naccount c mandate=y"
    rule = "rule m leverage now halt:2 scope=mandate stale=60s"
    calm = "-15..-11 a: read\n-10..-6 b: read\n-5..-1 c: read"
    facts = "0 a: read BTC=45@1000\n1 b: read\n2 c: read\n5 look"
    (outcome,) = told(tmp_path, f"# One client.\n{heads}\n{rule}\n{calm}\n{facts}\n")
    stands = [" ".join(line.split()) for line in outcome.deeds if " level " in line]

    assert ["5.0 a: level HALT", "5.0 b: level HALT", "5.0 c: level NORMAL"] == stands


def test_the_operators_and_the_venues_words_are_facts(tmp_path: Path) -> None:
    """Everything that can happen to guardian can be said."""
    facts = """\
-5..-1 read BTC=10@1000 order=BTC:1@900 coin=ETH:1@0 liquidation=BTC@500 clock=0.1/0.02 calls=4@0.1/9of50
0 disarm 60s
1 arm dd
2 drilled
3 trouble vault
4 healed vault
5 demand flatten
6 refused close BTC code=110017
7 keys trading incomplete
8 keys fenced
9 restart
10 resume dd
11 read pulse=0.1/0.5
11 tick
12 look dd"""
    got = deeds(tmp_path, facts)

    for deed in (
        "0.0 page Disarmed: main",
        "1.0 resolve Armed again: main",
        "3.0 page Guardian itself: vault",
        "4.0 resolve Healed: vault",
        "5.0 NORMAL -> FLATTEN (operator)",
        "10.0 FLATTEN -> NORMAL (operator)",
        "12.0 level NORMAL",
    ):
        assert deed in got


@pytest.mark.parametrize(
    ("wrong", "line", "said"),
    [
        ("0 raed BTC=1@1", 3, "unknown fact raed; did you mean read?"),
        ("0 read falied=all", 3, "unknown word falied; did you mean failed?"),
        ("0 read failed=walet", 3, "unknown part walet; did you mean wallet?"),
        ("0 read BTC=one@1", 3, "unknown word BTC"),
        ("0 read cash=many", 3, "many is not a number"),
        ("0 read BTC/USD:BTC=1@0", 3, "an inverse contract at a price of zero"),
        ("0 read clock=now", 3, "now cannot be read here"),
        ("0 read pulse=late", 3, "late cannot be read here"),
        ("0 telemetry filled=BTC:1", 3, "BTC:1 has no price"),
        ("0 market BTC=1 bidd=BTC@1", 3, "unknown word bidd; did you mean bid?"),
        ("0 market bid=BTC@1", 3, "BTC/USDT:USDT has no mark"),
        ("0 market BTC#1=1", 3, "BTC#1 is one leg"),
        ("0 market bids=BTC:1", 3, "1 is no level"),
        ("0 market failed=orders", 3, "unknown part orders"),
        ("0 activity fill=BTC:1", 3, "BTC:1 has no price"),
        ("0 activity fill=BTC@1", 3, "BTC@1 is no row"),
        ("0 activity fill=BTC:1@1,closd=1", 3, "unknown option closd; did you mean closed?"),
        ("0 activity order=BTC:1@1,status=reject", 3, "unknown status reject; did you mean rejected?"),
        ("0 activity fil=BTC:1@1", 3, "unknown word fil; did you mean fill?"),
        ("0 telemetry gauge=queue", 3, "queue is no gauge"),
        ("0 telemetry signal=BTC:1", 3, "BTC:1 has no price"),
        ("0 telemetry twin=paper", 3, "paper is no twin"),
        ("0 telemetry hartbeat", 3, "unknown word hartbeat; did you mean heartbeat?"),
        ("rule two gauge now halt:5\n0 tick", 3, "is missing; gauge needs a gauge"),
        ("rule two tod_spending 25:00-06:00 halt:0.1\n0 tick", 3, "25:00 is no time of day"),
        ("0 demand flaten", 3, "unknown level flaten; did you mean flatten?"),
        ("0 demand", 3, "`demand` needs a word after it"),
        ("0 tick tock", 3, "`tick` needs fewer words after it"),
        ("0 keys fence", 3, "unknown key fence; did you mean fenced?"),
        ("0", 3, "a time at which nothing happens"),
        ("0 b: tick", 3, "unknown account b"),
        ("0 look ddd", 3, "unknown rule ddd; did you mean dd?"),
        ("0 done close BTC", 3, "no deed begins with `close BTC`"),
        ("5 tick\n4 tick", 4, "4 lies before the line above it"),
        ("5..1 tick", 3, "5..1 is no range"),
        ("0..9/0s tick", 3, "is no range"),
        ("0..200d tick", 3, "more than 200000 moments"),
        ("5x tick", 3, "5x is no time"),
        ("9999d tick", 3, "9999d is more than a year away"),
        ("0 tick\nonly dd", 4, "`only` after the first fact"),
        ("only\n0 tick", 3, "`only` needs a word after it"),
        ("only ddd\n0 tick", 3, "unknown rule ddd; did you mean dd?"),
        ("unarmed now\n0 tick", 3, "`unarmed` stands alone"),
        ("pakc starter\n0 tick", 3, "unknown line pakc; did you mean pack?"),
        ("pack startre\n0 tick", 1, "no rule pack startre; did you mean starter?"),
        ("start noon\n0 tick", 3, "noon is not an instant of this century"),
        ("rule two drawdwn hwm halt:0.05\n0 tick", 3, "unknown metric drawdwn; did you mean drawdown?"),
        ("rule two drawdown hwm halt:5\n0 tick", 3, "5 is not a fraction of equity; did you mean 0.05?"),
        ("rule two drawdown hwm halt\n0 tick", 3, "halt is no rung"),
        ("rule two drawdown hwm halt:0.05 bland=halt\n0 tick", 3, "did you mean blind?"),
        ("rule two\n0 tick", 3, "a rule needs a name, a metric, a window and a rung"),
        ("account a\naccount b\n0 read", 5, "whose?"),
        ("account a mandat=x\n0 read", 3, "unknown word mandat=x; did you mean mandate=NAME?"),
        ("account a mandate=\n0 read", 3, "is not a name"),
        ("", 1, "a case without facts"),
    ],
)
def test_a_case_is_read_strictly(tmp_path: Path, wrong: str, line: int, said: str) -> None:
    """A misspelt fact that is skipped would prove nothing and look like proof."""
    with pytest.raises(ConfigError) as refused:
        told(tmp_path, f"# A case.\n{RULE}\n{wrong}\n")

    assert f"{tmp_path}/case.txt:{line}: " in str(refused.value)
    assert said in str(refused.value)


@pytest.mark.parametrize("text", ["", "0 tick\n", "\n\n", "----\n"])
def test_a_file_without_a_case_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError, match="case"):
        told(tmp_path, text)


def test_every_problem_of_a_file_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as refused:
        told(tmp_path, f"# A case.\n{RULE}\n0 raed\n1 demand nothing\n")

    assert [3, 4] == [finding.line for finding in refused.value.findings]


def test_a_case_without_rules_says_so(tmp_path: Path) -> None:
    """Nothing judged and nothing done looks just like a proof of calm."""
    with pytest.raises(ConfigError, match="no rules for"):
        told(tmp_path, "# A case.\n0 tick\n")

    (outcome,) = told(tmp_path, "# A case.\nno-rules\n0 tick\n")

    assert () == outcome.deeds


def test_a_pack_carries_its_cases(tmp_path: Path) -> None:
    """In PACK/cases a case is judged by the pack, as if every rule were armed."""
    (tmp_path / "mine/cases").mkdir(parents=True)
    text = (
        "- {id: dd, title: t, why: w, metric: drawdown, window: hwm, ladder: [{over: 0.05, level: halt}]}\n"
    )
    (tmp_path / "mine/rules.yaml").write_text(text)
    (tmp_path / "mine/cases/dd.txt").write_text("# Halts.\n-5..-1 read\n0 read equity=9400\n")

    (outcome,) = played(files_of("mine", tmp_path))

    assert "    0.0  NORMAL -> HALT (dd)" in outcome.deeds


def test_as_written_a_rule_that_observes_only_says_what_it_would_have_done(tmp_path: Path) -> None:
    (outcome,) = told(tmp_path, "# A case.\npack starter\nas-written\n-5..-1 read\n0..3 read equity=9400\n")

    assert "    2.0  would Would have: HALT on main" in outcome.deeds


TIMES = st.sampled_from(
    ["0", "-5..-1", "0..3", "0..1m/5s", "1h", "0.25", "²", "1e9", "-", "9..1", "0..3/0.001ms"]
)
NUMBERS = st.sampled_from(
    ["0", "-0", "10", "-3.5", "999999999999999", "0.000000000000001", "nan", "inf", "1e5", ""]
)
NAMES = st.sampled_from(
    ["BTC", "BTC#1", "BTC/USDC:USDC", "BTC/USD:BTC", "#", "dd", "/", "a:b", "main", "\x00"]
)
VALUES = st.one_of(
    NUMBERS,
    st.builds("{}@{}/{}".format, NUMBERS, NUMBERS, NUMBERS),
    st.builds("{}@{}".format, NUMBERS, NUMBERS),
    st.builds("{}:{}@{}".format, NAMES, NUMBERS, NUMBERS),
    st.builds("{}@{}".format, NAMES, NUMBERS),
    st.sampled_from(["all", "wallet,orders", "4@0.1:silent", "none", "BTC:1@1,ago=1", "queue:1,ago=x"]),
)
WORDS = st.builds("{}={}".format, st.one_of(NAMES, st.sampled_from(sorted(READ))), VALUES)
BESIDE = st.builds(
    "{}={}".format,
    st.sampled_from([*MARKET, "fill", "order", "gauge", "signal", "twin", "source", "BTC"]),
    VALUES,
)
LINES = st.one_of(
    st.builds("{} read {}".format, TIMES, st.lists(WORDS, max_size=4).map(" ".join)),
    st.builds("{} {} {}".format, TIMES, st.sampled_from(TOLD), st.lists(BESIDE, max_size=4).map(" ".join)),
    st.builds(
        "{} {} {}".format, TIMES, st.sampled_from([*FACTS, "tell"]), st.one_of(NAMES, NUMBERS, st.text())
    ),
    st.builds("{} {}".format, st.sampled_from([*HEADS, "#", "----"]), st.one_of(NAMES, WORDS, st.text())),
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lines=st.lists(LINES, max_size=6))
def test_whatever_is_written_a_person_gets_findings_and_no_traceback(
    tmp_path: Path, lines: list[str]
) -> None:
    """Either it plays, to what plays again to the same, or every problem has its line."""
    text = "\n".join(["# A case.", RULE, "-5..-1 read BTC=1@1000", *lines])
    outcomes, findings = tried(tmp_path, text)

    assert bool(outcomes) is not bool(findings)
    assert all(finding.line >= 1 and finding.fix for finding in findings)
    assert all(outcome.ok for outcome in (told(tmp_path, rewritten(outcomes)) if outcomes else ()))


def tried(folder: Path, text: str) -> tuple[list[Outcome], tuple[Finding, ...]]:
    try:
        return told(folder, text), ()
    except ConfigError as refused:
        return [], refused.findings
