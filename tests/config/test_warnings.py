"""What will not do what its author expects is said at the check, and keeps nothing from starting."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import ccxt
import pytest

from guardian.config import load_config
from guardian.exchanges.comparable import comparable
from tests.config.desk import CONFIG, Bad, assert_told, check, findings
from tests.config.desk import RULE as RULED

RULE = """\
- id: {id}
  title: One
  why: A test.
  metric: {metric}
{more}  window: 1h
  ladder:
    - {{over: 1, level: caution}}
"""
SOURCE = """\
sources:
  - prometheus: {url: 'http://127.0.0.1:9090', account: main, gauges: {queue: 'sum(queue)', lag: 'max(lag)'}}
"""
NAMELESS = CONFIG.replace(", order_prefix: [ft-]", "")


def written(desk: Path, metric: str, *, of: str = "", config: str = CONFIG, only: str = "") -> None:
    more = (f"  of: {of}\n" if of else "") + (f"  only: [{only}]\n" if only else "")
    before = RULE.format(id="other", metric="order_rate", more="")
    (desk / "pack/rules.yaml").write_text(before + RULE.format(id="one", metric=metric, more=more))
    (desk / "guardian.yaml").write_text(config)


def warned() -> list[dict[str, Any]]:
    result = check("--json")
    document = json.loads(result.stdout)
    assert (0, True, []) == (result.exit_code, document["ok"], document["findings"])
    return list(document["warnings"])


def test_a_sound_desk_has_no_warnings(desk: Path) -> None:
    assert [] == warned()
    assert "warning" not in check().stdout


def test_foreign_activity_without_a_prefix_names_the_line_to_change(desk: Path) -> None:
    written(desk, "foreign_activity", config=NAMELESS)

    (told,) = warned()

    assert ("guardian.yaml", 14, "accounts[0].bot.order_prefix") == (
        told["file"],
        told["line"],
        told["field"],
    )
    assert "order of main from a stranger's (one)" in told["message"]
    assert "order_prefix: [ft-]" in told["fix"]


def test_where_an_account_has_no_bot_its_own_line_is_named(desk: Path) -> None:
    bot = "    bot: {keys: [pub-1], order_prefix: [ft-]}\n"
    written(desk, "foreign_activity", config=CONFIG.replace(bot, ""))

    (told,) = warned()

    assert 7 == told["line"]


@pytest.mark.parametrize(
    ("poll", "stale", "field"),
    [
        ("snapshot: 30s", "10s", "accounts[0].poll.snapshot"),
        ("snapshot: 10s", "10s", "accounts[0].poll.snapshot"),
        ("snapshot: 5s", "10s", None),
        ("flows: 60s", "10s", None),
    ],
)
def test_reads_that_are_rarer_than_evidence_may_be_old_are_told(
    desk: Path, poll: str, stale: str, field: str | None
) -> None:
    """The rule would be blind, and demand what its `on_unknown` says, between any two reads."""
    (desk / "pack/rules.yaml").write_text(f"{RULED}  stale_after: {stale}\n")
    (desk / "guardian.yaml").write_text(CONFIG.replace("snapshot: 1s, flows: 10s", poll))

    found = [told for told in warned() if "dd" in told["message"]]

    assert [each["field"] for each in found] == ([field] if field else [])
    assert all(each["line"] == 19 for each in found)


def test_a_ledger_that_is_asked_rarely_is_no_blindness(desk: Path) -> None:
    """While it is not due and no cash moves, every read says that there is nothing new in it."""
    rule = RULE.format(id="one", metric="balance_discrepancy", more="").replace("  window: 1h\n", "")
    (desk / "pack/rules.yaml").write_text(f"{rule.replace('over: 1,', 'over: 0.001,')}  stale_after: 30s\n")
    (desk / "guardian.yaml").write_text(CONFIG.replace("flows: 10s", "flows: 1m"))

    assert [] == warned()


def test_it_is_said_to_people_and_still_ok(desk: Path) -> None:
    written(desk, "foreign_activity", config=NAMELESS)

    lines = check().stdout.splitlines()

    assert lines[0].startswith("ok: ")
    assert any(
        line.startswith("warning: guardian.yaml:14: field accounts[0].bot.order_prefix") for line in lines
    )
    assert load_config(None).warnings


def test_an_account_that_the_rule_does_not_concern_is_not_named(desk: Path) -> None:
    """The second account has no prefix, and the rule is only of the first."""
    _, _, account = CONFIG.partition("accounts:\n")
    second = account.replace("main", "other").replace(", order_prefix: [ft-]", "")
    for each in ("watch", "hands"):
        second = second.replace(f"keys/{each}", f"keys/other-{each}")
    written(desk, "foreign_activity", config=CONFIG + second, only="main")
    assert [] == warned()

    written(desk, "foreign_activity", config=CONFIG + second)
    assert ["accounts[1].bot.order_prefix"] == [each["field"] for each in warned()]


@pytest.mark.parametrize("metric", ["gauge", "queue_growth"])
@pytest.mark.parametrize(
    ("of", "more", "nearest"),
    [("queu", SOURCE, "queue"), ("depth", SOURCE, ""), ("queue", "", ""), ("queue", SOURCE, None)],
    ids=["misspelt", "another", "no source at all", "told"],
)
def test_a_gauge_that_no_source_tells(
    desk: Path, metric: str, of: str, more: str, nearest: str | None
) -> None:
    written(desk, metric, of=of, config=CONFIG + more)
    if metric == "gauge":
        text = (desk / "pack/rules.yaml").read_text().rsplit("  window: 1h\n", 1)
        (desk / "pack/rules.yaml").write_text("".join(text))

    told = warned()

    if nearest is None:
        assert [] == told
    else:
        assert [("pack/rules.yaml", 12, "one", "of", nearest)] == [
            (t["file"], t["line"], t["rule"], t["field"], t["nearest"]) for t in told
        ]


def test_telemetry_may_tell_any_gauge(desk: Path) -> None:
    written(desk, "queue_growth", of="depth", config=CONFIG + "telemetry: {token: file:keys/token}\n")

    assert [] == warned()


@pytest.mark.parametrize(
    ("of", "nearest"), [("ft-a-", None), ("f", None), ("tf-", "ft-"), ("hodl-", "")],
    ids=["a part", "the beginning", "misspelt", "another"],
)  # fmt: skip
@pytest.mark.parametrize("metric", ["strategy_drawdown", "drift_ks"])
def test_a_strategy_whose_orders_no_bot_places(desk: Path, metric: str, of: str, nearest: str | None) -> None:
    written(desk, metric, of=of)
    text = (desk / "pack/rules.yaml").read_text()
    (desk / "pack/rules.yaml").write_text(text.replace("over: 1,", "over: 0.5,"))

    told = warned()

    assert [t["nearest"] for t in told] == ([] if nearest is None else [nearest])


@pytest.mark.parametrize(
    ("metric", "more", "config", "says"),
    [
        ("pair_convergence", "", CONFIG, "tells 1 strategy of main apart"),
        ("pair_convergence", "", NAMELESS, "tells no strategies of main apart"),
        ("unattributed_share", "window: 1h", CONFIG, ""),
        ("unattributed_share", "window: 1h", NAMELESS, "tells no strategies of main apart"),
        ("strategy_drawdown", "window: 1h\n  scope: strategy", CONFIG, ""),
        ("strategy_drawdown", "window: 1h\n  scope: strategy", NAMELESS, ""),
        ("strategy_drawdown", "window: 1h\n  scope: strategy\n  only: [main]", NAMELESS, ""),
        ("strategy_drawdown", "window: 1h\n  scope: strategy\n  only: [main]", CONFIG, "begin with"),
        ("pair_convergence", "scope: portfolio", NAMELESS, "one account alone is one strategy"),
        ("pair_convergence", "scope: venue", CONFIG, "one account alone is one strategy"),
        ("strategy_drawdown", "window: 1h\n  scope: strategy\n  only: [ft-]", NAMELESS, ""),
        ("strategy_drawdown", "window: 1h\n  scope: strategy\n  only: [tf-]", CONFIG, "begin with"),
    ],
)
def test_rules_of_strategies_need_enough_prefixes(
    desk: Path, metric: str, more: str, config: str, says: str
) -> None:
    limit = "over: 2" if metric == "pair_convergence" else "over: 0.5"
    written(desk, metric, config=config)
    text = (desk / "pack/rules.yaml").read_text().replace("over: 1,", "over: 0.5,")
    before, own = text.split("- id: one")
    own = own.replace("  window: 1h\n", f"  {more}\n" if more else "").replace("over: 0.5", limit)
    (desk / "pack/rules.yaml").write_text(f"{before}- id: one{own}")

    told = warned()

    assert len(told) == bool(says), told
    assert all(says in each["message"] for each in told)


def test_two_accounts_are_two_strategies(desk: Path) -> None:
    _, _, account = CONFIG.partition("accounts:\n")
    second = account.replace("main", "other")
    for each in ("watch", "hands"):
        second = second.replace(f"keys/{each}", f"keys/other-{each}")
    plain(desk, ("one", "pair_convergence", "  scope: portfolio\n"), config=CONFIG + second)
    text = (desk / "pack/rules.yaml").read_text()
    (desk / "pack/rules.yaml").write_text(text.replace("over: 0.5", "over: 2"))

    assert [] == warned()


def test_without_prefixes_a_strategy_is_not_judged(desk: Path) -> None:
    """Nobody has said whose orders are whose: the strategy's own prefix says it."""
    written(desk, "strategy_drawdown", of="hodl-", config=NAMELESS)
    text = (desk / "pack/rules.yaml").read_text()
    (desk / "pack/rules.yaml").write_text(text.replace("over: 1,", "over: 0.5,"))

    assert [] == warned()


def test_a_venue_to_compare_with_that_nobody_knows_is_refused(desk: Path) -> None:
    (desk / "guardian.yaml").write_text(CONFIG + "    compare: {venue: krakn}\n")

    bad = Bad("", "", "", 20, "accounts[0].compare.venue", "unknown venue krakn", "kraken")
    assert_told(bad, "guardian.yaml", findings())


def test_a_venue_to_compare_with_that_ccxt_knows_is_taken(desk: Path) -> None:
    (desk / "guardian.yaml").write_text(CONFIG + "    compare: {venue: kraken}\n")

    assert [] == warned()


def test_what_can_be_compared_is_what_ccxt_lists() -> None:
    """Its modules are read by name, because importing a hundred of them takes as long as a start may."""
    assert comparable() == frozenset(ccxt.exchanges)


PLAIN = """\
- id: {id}
  title: One
  why: A test.
  metric: {metric}
{more}  ladder:
    - {{over: 0.5, level: caution}}
"""


def plain(desk: Path, *rules: tuple[str, str, str], config: str = CONFIG) -> None:
    text = "".join(PLAIN.format(id=id, metric=metric, more=more) for id, metric, more in rules)
    (desk / "pack/rules.yaml").write_text(text)
    (desk / "guardian.yaml").write_text(config)


@pytest.mark.parametrize(
    "metric",
    [
        "slippage",
        "slippage_rise",
        "model_vs_fill",
        "paper_vs_live",
        "tracking_difference",
        "copy_ratio_deviation",
    ],
)
def test_what_only_telemetry_tells_is_named_where_there_is_none(desk: Path, metric: str) -> None:
    """Whoever takes `factory` and tells nothing has a third of a pack."""
    more = "  window: 1h\n" if metric.startswith(("slip", "model", "track")) else ""
    plain(desk, ("one", metric, more), ("two", metric, more))
    (told,) = warned()
    assert ("guardian.yaml", "telemetry") == (told["file"], told["field"])
    assert f"{metric} (one, two)" in told["message"]

    plain(desk, ("one", metric, more), config=CONFIG + "telemetry: {token: file:keys/token}\n")
    assert [] == warned()


def test_returns_of_a_strategy_need_no_telemetry_and_errors_of_a_model_do(desk: Path) -> None:
    plain(desk, ("one", "drift_ks", "  window: 4h\n  of: ft-a-\n"))
    assert [] == warned()

    plain(desk, ("one", "drift_ks", "  window: 4h\n"))
    assert ["telemetry"] == [each["field"] for each in warned()]


@pytest.mark.parametrize("metric", ["foreign_keys", "open_keys", "withdrawing_keys"])
def test_keys_that_nobody_can_list_are_named_with_their_line(desk: Path, metric: str) -> None:
    plain(desk, ("one", metric, ""))
    text = (desk / "pack/rules.yaml").read_text()
    (desk / "pack/rules.yaml").write_text(text.replace("over: 0.5", "over: 1"))
    (told,) = warned()
    assert (11, "accounts[0].keys.admin") == (told["line"], told["field"])
    assert metric in told["message"]
    assert "(one)" in told["message"]

    admin = CONFIG.replace(
        "      hold: incident\n", "      hold: incident\n      admin: file:keys/admin.json\n"
    )
    (desk / "guardian.yaml").write_text(admin)
    assert [] == warned()


def test_rules_of_mandates_on_accounts_without_one_judge_nothing_and_it_is_said(desk: Path) -> None:
    plain(desk, ("one", "leverage", "  scope: mandate\n"))
    (told,) = warned()
    assert "accounts" == told["field"]
    assert "(one)" in told["message"]

    (desk / "guardian.yaml").write_text(CONFIG + "    mandate: anna\n")
    assert [] == warned()
