"""Every mistake in a rule is refused through the real command, where it is and with what was meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.config.desk import RULE, Bad, assert_told, check, findings

BAD_RULES = [
    Bad("unknown field", "  title:", "  titel:", 2, "titel", "unknown field", "title"),
    Bad("missing field", "  why: The stop.\n", "", 1, "why", "is missing"),
    Bad("empty field", "why: The stop.", "why:", 3, "why", "has no value"),
    Bad("duplicate key", "  mode: armed", "  mode: armed\n  mode: observe", 10, "mode", "given twice"),
    Bad("bad id", "id: dd", "id: d d", 1, "id", "is not a name"),
    Bad("number as id", "id: dd", "id: 12", 1, "[0].id", "a number where text is needed"),
    Bad("metric", "drawdown\n", "drawdwon\n", 4, "metric", "unknown metric", "drawdown"),
    Bad("level", "level: lockout", "level: lokout", 8, "ladder[1].level", "unknown level", "lockout"),
    Bad("capitals", "level: lockout", "level: LOCKOUT", 8, "ladder[1].level", "unknown level", "lockout"),
    Bad("normal", "level: caution", "level: normal", 7, "ladder[0].level", "normal is the absence"),
    Bad("5 for 0.05", "over: 0.05", "over: 5", 8, "ladder[1].over", "not a fraction of equity", "0.05"),
    Bad("1 for 0.01", "over: 0.05", "over: 1", 8, "ladder[1].over", "not a fraction of equity", "0.01"),
    Bad("percent", "over: 0.05", "over: 5%", 8, "ladder[1].over", "percentage", "0.05"),
    Bad("quoted number", "over: 0.05", "over: '0.05'", 8, "ladder[1].over", "in quotes", "0.05"),
    Bad("nan", "over: 0.05", "over: .nan", 8, "ladder[1].over", "not a finite number"),
    Bad("bare nan", "over: 0.05", "over: NaN", 8, "ladder[1].over", "where a number is needed"),
    Bad("infinity", "over: 0.05", "over: .inf", 8, "ladder[1].over", "not a finite number"),
    Bad("endless digits", "over: 0.05", "over: " + "9" * 400, 8, "ladder[1].over", "not a finite number"),
    Bad("negative", "over: 0.025", "over: -0.025", 7, "ladder[0].over", "not above zero"),
    Bad("zero", "over: 0.025", "over: 0", 7, "ladder[0].over", "not above zero"),
    Bad("bool limit", "over: 0.05", "over: true", 8, "ladder[1].over", "true or false where a number"),
    Bad("duration limit", "over: 0.05", "over: 5m", 8, "ladder[1].over", "a duration"),
    Bad("unordered", "over: 0.025", "over: 0.06", 8, "ladder[1]", "limit 0.05 after 0.06"),
    Bad("equal limits", "over: 0.025", "over: 0.05", 8, "ladder[1]", "twice"),
    Bad("falling level", "level: caution", "level: lockout, hold: 1s}\n    - {over: 0.03, level: halt", 8,
        "ladder[1]", "demands halt after lockout"),
    Bad("mixed directions", "over: 0.05", "under: 0.05", 8, "ladder[1]", "over and under", "over"),
    Bad("no direction", "over: 0.05, ", "", 8, "ladder[1]", "either `over` or `under`"),
    Bad("reduce without to", "level: caution", "level: reduce", 7, "ladder[0].to", "is missing"),
    Bad("reduce to 1", "level: caution", "level: reduce, to: 1", 7, "ladder[0].to", "outside"),
    Bad("reduce to nan", "level: caution", "level: reduce, to: .nan", 7, "ladder[0].to", "not a finite"),
    Bad("to elsewhere", "level: lockout", "level: lockout, to: 0.5", 8, "ladder[1].to", "no meaning"),
    Bad("rung field", "level: lockout", "level: lockout, hodl: 1s", 8, "ladder[1].hodl", "unknown", "hold"),
    Bad("hold without unit", "mode: armed", "mode: armed\n  hold: 2", 10, "hold", "has no unit", "2s"),
    Bad("negative hold", "mode: armed", "mode: armed\n  hold: -2s", 10, "hold", "not a duration"),
    Bad("bool hold", "mode: armed", "mode: armed\n  hold: true", 10, "hold", "where a duration"),
    Bad("stale for ever", "mode: armed", "mode: armed\n  stale_after: 7d", 10, "stale_after", "outside"),
    Bad("window", "window: 1h", "window: 1 fortnight", 5, "window", "is not"),
    Bad("window unit", "window: 1h", "window: 60", 5, "window", "has no unit", "60s"),
    Bad("window kind", "window: 1h", "window: day", 5, "window", "does not take the window day"),
    Bad("no window", "  window: 1h\n", "", 4, "window", "needs one"),
    Bad("endless window", "window: 1h", "window: 90d", 5, "window", "a window of 90d"),
    Bad("time zone", "window: 1h", "window: {day: Europe/Berln}", 5,
        "window", "unknown time zone", "Europe/Berlin"),
    Bad("climbing time zone", "window: 1h", "window: {day: ../etc}", 5, "window", "unknown time zone"),
    Bad("no time of day", "window: 1h", "window: 22:00-25:00", 5, "window", "25:00 is no time of day"),
    Bad("minute of a day", "window: 1h", "window: 22:60-23:00", 5, "window", "22:60 is no time of day"),
    Bad("all hours", "window: 1h", "window: 00:00-24:00", 5, "window", "is the whole day"),
    Bad("hours nowhere", "window: 1h", "window: 22:00-06:00 Europe/Berln", 5,
        "window", "unknown time zone", "Europe/Berlin"),
    Bad("mapped hours nowhere", "window: 1h", "window: {22:00-06:00: Europe/Berln}", 5,
        "window", "unknown time zone", "Europe/Berlin"),
    Bad("hours of a loss", "window: 1h", "window: 22:00-06:00", 5,
        "window", "does not take the window 22:00-06:00"),
    Bad("of nothing", "mode: armed", "mode: armed\n  of: queue", 10, "of", "drawdown is not of anything"),
    Bad("empty of", "mode: armed", "mode: armed\n  of: ','", 10, "of", "names nothing"),
    Bad("number as of", "mode: armed", "mode: armed\n  of: 12", 10, "of", "a number where text is needed"),
    Bad("needless window", "metric: drawdown", "metric: leverage", 5, "window", "does not take a sliding"),
    Bad("scope", "mode: armed", "mode: armed\n  scope: acount", 10, "scope", "unknown scope", "account"),
    Bad("unsupported scope", "mode: armed", "mode: armed\n  scope: symbol", 10,
        "scope", "cannot be judged by symbol", "account"),
    Bad("clears", "mode: armed", "mode: armed\n  clears: autos", 10, "clears", "unknown choice", "auto"),
    Bad("cooldown of an operator's", "mode: armed", "mode: armed\n  cooldown: 4h", 10,
        "cooldown", "operator ends it"),
    Bad("short cooldown", "mode: armed", "mode: armed\n  clears: auto\n  cooldown: 5s", 11,
        "cooldown", "outside 1m to 1d"),
    Bad("long cooldown", "mode: armed", "mode: armed\n  clears: auto\n  cooldown: 2d", 11,
        "cooldown", "outside"),
    Bad("gamma", "mode: armed", "mode: armed\n  gamma: 0.6", 10, "gamma", "outside 0 to 0.5"),
    Bad("gamma in percent", "mode: armed", "mode: armed\n  gamma: 25", 10,
        "gamma", "outside 0 to 0.5", "0.25"),
    Bad("negative gamma", "mode: armed", "mode: armed\n  gamma: -0.1", 10, "gamma", "outside"),
    Bad("on_unknown", "mode: armed", "mode: armed\n  on_unknown: flatten", 10, "on_unknown", "unknown"),
    Bad("mode", "mode: armed", "mode: arm", 9, "mode", "unknown mode", "armed"),
    Bad("runbook", "drawdown.md", "nothing.md", 10, "runbook", "no runbook"),
    Bad("runbook folder", "alerts/runbooks/drawdown.md", "alerts", 10, "runbook", "no runbook"),
    Bad("list for text", "title: Lost 5 % within an hour", "title: [a]", 2, "title", "a list where text"),
    Bad("ladder is no list", "mode: armed", "mode: {armed: 1}", 9, "mode", "a mapping where text"),
    Bad("unprintable", "The stop.", '"a\\u0007b"', 3, "why", "cannot be printed"),
    Bad("surrogate", "The stop.", '"a\\ud800b"', 3, "why", "cannot be printed"),
]  # fmt: skip

BAD_METRICS = [
    ("gauge", "", "{over: 60, level: halt}", "is missing; gauge needs a gauge", ""),
    ("gauge", "of: queue", "{over: 60s, level: halt}", "a duration; gauge is a count", ""),
    ("gauge", "of: [queue, other]", "{over: 60, level: halt}", "queue,other is more than a gauge", ""),
    (
        "strategy_drawdown",
        "window: 1h",
        "{over: 0.05, level: halt}",
        "is missing; strategy_drawdown needs a strategy's client order id prefix",
        "",
    ),
    (
        "strategy_drawdown",
        "of: ft\n  window: 1h",
        "{over: 0.05, level: flatten}",
        "strategy_drawdown may not demand flatten",
        "reduce",
    ),
    (
        "strategy_drawdown",
        "of: ft\n  window: 1h\n  scope: strategy",
        "{over: 0.05, level: halt}",
        "names a strategy where scope: strategy judges each of them",
        "",
    ),
    ("depth_share", "of: 20bps", "{over: 0.5, level: halt}", "unknown band of the book 20bps", "50bps"),
    (
        "reject_rate",
        "of: fund\n  window: 1h",
        "{over: 0.5, level: halt}",
        "unknown class of refusals",
        "funds",
    ),
    (
        "reject_rate",
        "of: [funds, rate]\n  window: 1h",
        "{over: 0.5, level: halt}",
        "more than a class of refusals",
        "",
    ),
    ("flatten_cost", "", "{over: 0.05, level: flatten}", "flatten_cost may not demand flatten", "halt"),
    ("data_age", "", "{over: 60s, level: flatten}", "data_age may not demand flatten", "halt"),
    (
        "concentration",
        "",
        "{over: 0.5, level: reduce, to: 0.5}",
        "concentration may not demand reduce",
        "halt",
    ),
    ("leverage", "", "{over: 500, level: halt}", "above 200", ""),
    ("drawdown", "window: 1h", "{under: 0.05, level: lockout}", "worse when high", "over"),
    ("liquidation_distance", "", "{over: 0.1, level: halt}", "worse when low", "under"),
    ("time_to_limit", "window: 1h", "{over: 60s, level: halt}", "worse when low", "under"),
    ("effective_bets", "", "{over: 2, level: halt}", "worse when low", "under"),
    ("daily_loss", "window: hwm", "{over: 0.05, level: halt}", "does not take the window hwm", ""),
    ("stress_loss", "of: btc30", "{over: 0.5, level: halt}", "unknown scenario btc30", "btc-30"),
    ("stress_loss", "of: [worst, btc-30]", "{over: 0.5, level: halt}", "is more than a scenario", ""),
    ("stress_loss", "of: worst", "{over: 0.5, level: reduce, to: 0.5}", "may not demand reduce", "halt"),
    (
        "range_volatility",
        "of: parkinsson\n  window: 1h",
        "{over: 0.1, level: halt}",
        "unknown estimator parkinsson",
        "parkinson",
    ),
    (
        "range_volatility",
        "window: 30m",
        "{over: 0.1, level: halt}",
        "a window that range_volatility cannot",
        "",
    ),
    ("realised_volatility", "window: 2d", "{over: 0.1, level: halt}", "realised_volatility cannot fill", ""),
    ("jump_share", "window: 1h", "{over: 0.5, level: halt}", "a window that jump_share cannot fill", ""),
    ("cluster_exposure", "of: BTC", "{over: 2, level: halt}", "BTC alone is no cluster", ""),
    ("beta_exposure", "of: [BTC, BTC/USDT]", "{over: 2, level: halt}", "BTC alone is no cluster", ""),
    ("cluster_exposure", "of: [btc, ETH]", "{over: 2, level: halt}", "btc is no symbol", "BTC"),
    (
        "gross_exposure",
        "of: [btc, ETH]\n  scope: cluster",
        "{over: 2, level: reduce, to: 0.5}",
        "btc is no symbol",
        "BTC",
    ),
    ("gross_exposure", "of: [BTC, ETH]", "{over: 2, level: halt}", "gross_exposure is not of anything", ""),
    ("gross_exposure", "of: [BTC, ETH]\n  scope: symbol", "{over: 2, level: halt}", "not of anything", ""),
]

BAD_FILES = [
    ("empty", b"", 1, "is empty"),
    ("only a comment", b"# nothing\n", 1, "is empty"),
    ("a mapping", b"id: dd\n", 1, "where rules are needed"),
    ("a word", b"hello\n", 1, "where rules are needed"),
    ("no rules", b"[]\n", 1, "where rules are needed"),
    ("a rule that is text", b"- dd\n", 1, "where a mapping is needed"),
    ("tab", b"- id: dd\n\ttitle: x\n", 2, "a tab"),
    ("unclosed bracket", b"- id: dd\n  ladder: [\n", 3, "YAML"),
    ("alias", b"- id: &a dd\n  title: *a\n", 1, "an anchor"),
    ("lone alias", b"- id: dd\n- *a\n", 2, "an alias"),
    ("tag", b"- id: dd\n  title: !!python/object:os.system x\n", 2, "tag"),
    ("second document", b"- id: dd\n---\n- id: ee\n", 2, "a second document"),
    ("too deep", b"- id: dd\n  only: " + b"[" * 5000 + b"\n", 2, "nested deeper"),
    ("too large", b"- id: dd\n" + b"#" * 1_000_001, 1, "larger than 1 MB"),
    ("not text", b"- id: dd\n  title: \xff\xfe\n", 2, "not UTF-8"),
    ("control character", b"- id: dd\n  title: a\x00b\n", 2, "control character"),
    ("impossible escape", b'- id: "\\UFFFFFFFF"\n', 1, "escape"),
    ("mapping as key", b"- ? {a: b}\n  : c\n", 1, "used as a key"),
]


@pytest.mark.parametrize("bad", BAD_RULES, ids=lambda bad: bad.name)
def test_a_wrong_rule_is_told_where_it_is(bad: Bad, desk: Path) -> None:
    assert bad.old in RULE
    (desk / "pack/rules.yaml").write_text(RULE.replace(bad.old, bad.new, 1))

    told = findings("--rules", "pack")

    assert_told(bad, "pack/rules.yaml", told)


@pytest.mark.parametrize("case", BAD_METRICS, ids=lambda case: case[0])
def test_a_metric_demands_only_what_it_may(case: tuple[str, str, str, str, str], desk: Path) -> None:
    """Blindness and forecasts never move a position; a loss is never judged over the wrong window."""
    metric, window, rung, says, nearest = case
    rule = f"- id: x\n  title: t\n  why: w\n  metric: {metric}\n  ladder: [{rung}]\n"
    (desk / "pack/rules.yaml").write_text(rule + (f"  {window}\n" if window else ""))

    told = findings("--rules", "pack")

    assert [("x", nearest)] == [(each["rule"], each["nearest"]) for each in told], told
    assert says in told[0]["message"]


@pytest.mark.parametrize("scope", ["symbol", "cluster", "strategy"])
def test_a_narrow_scope_never_kills_the_account(scope: str, desk: Path) -> None:
    (desk / "pack/rules.yaml").write_text(RULE + f"  scope: {scope}\n")

    told = findings("--rules", "pack")

    assert f"scope {scope} may not demand lockout" in [each["message"] for each in told]
    assert any(f"cannot be judged by {scope}" in each["message"] for each in told)


@pytest.mark.parametrize(
    ("raw", "line", "says"), [each[1:] for each in BAD_FILES], ids=[e[0] for e in BAD_FILES]
)
def test_a_file_that_is_no_pack_is_told(raw: bytes, line: int, says: str, desk: Path) -> None:
    (desk / "pack/rules.yaml").write_bytes(raw)

    told = findings("--rules", "pack")

    assert ("pack/rules.yaml", line) == (told[0]["file"], told[0]["line"]), told
    assert says in told[0]["message"], told


LOW = [("liquidation_distance", "", "0.1"), ("time_to_limit", "  window: 1h\n", "60s"),
       ("effective_assets", "", "2"), ("effective_bets", "", "2"), ("liquidation_sigmas", "", "3"),
       ("profit_factor", "  window: 1d\n", "0.8")]  # fmt: skip


@pytest.mark.parametrize(("metric", "window", "limit"), LOW, ids=[name for name, _, _ in LOW])
def test_what_is_worse_when_low_can_be_written(metric: str, window: str, limit: str, desk: Path) -> None:
    """The distance to a liquidation is a margin, of which too little is bad: no rule of it ever loaded."""
    text = RULE.replace("metric: drawdown\n  window: 1h\n", f"metric: {metric}\n{window}")
    ladder = text.index("    - {over: 0.025")
    end = text.index("  mode: armed")
    text = text[:ladder] + f"    - {{under: {limit}, level: halt}}\n" + text[end:]
    (desk / "pack/rules.yaml").write_text(text)

    assert 0 == check("--rules", "pack").exit_code
