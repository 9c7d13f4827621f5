"""What a valid configuration becomes: absolute paths, seconds, references; and where it is looked for."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from guardian.config import (
    ChannelConfig,
    CompareConfig,
    Config,
    ConfigError,
    FlattenConfig,
    KeyRefs,
    PollConfig,
    ProcessHalt,
    Route,
    VaultConfig,
    WebhookHalt,
    content,
    load_config,
    load_packs,
)
from guardian.core.model import Level, OnUnknown, Rule, Rung, Window
from tests.config.desk import CONFIG, ROUTES, RULE


def load(desk: Path, text: str = CONFIG) -> Config:
    (desk / "guardian.yaml").write_text(text)
    return load_config(desk / "guardian.yaml")


def rule(desk: Path, text: str) -> Rule:
    """The one rule of a pack with this text."""
    (desk / "pack/rules.yaml").write_text(text)
    return load_packs(["pack"], desk)[-1].rules[0]


def test_paths_and_references_start_at_the_file(desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The daemon's working folder must not decide which key is read."""
    monkeypatch.chdir("/")

    config = load(desk)

    account = config.accounts[0]
    assert desk / "state" == config.state_dir
    assert (
        KeyRefs(f"file:{desk}/keys/watch.json", f"file:{desk}/keys/hands.json", None, "incident")
        == account.keys
    )
    assert (ProcessHalt(desk / "bot.pid", 10.0), WebhookHalt("http://127.0.0.1:9000/halt",
            f"file:{desk}/keys/hook", 10.0)) == account.halt  # fmt: skip
    assert ChannelConfig("ops", "slack", f"file:{desk}/keys/slack", None) == config.routes.channels[0]


def test_durations_become_seconds(desk: Path) -> None:
    config = load(desk, CONFIG.replace("snapshot: 1s", "snapshot: 500ms").replace("clock: 60s", "clock: 1h"))

    assert PollConfig(0.5, 10.0, 3600.0) == config.accounts[0].poll
    assert (
        Route(Level.CAUTION, ("ops",), None),
        Route(Level.HALT, ("ops", "page"), 300.0),
    ) == config.routes.routes


def test_the_market_and_what_was_done_have_their_own_pace(desk: Path) -> None:
    written = (
        "clock: 60s, market: 2s, activity: 1m}\n    compare: {venue: binance, url: 'https://proxy.example'}"
    )

    account = load(desk, CONFIG.replace("clock: 60s}", written)).accounts[0]

    assert (account.poll.market_seconds, account.poll.activity_seconds) == (2.0, 60.0)
    assert account.compare == CompareConfig("binance", "https://proxy.example")
    assert (PollConfig().market_seconds, PollConfig().activity_seconds) == (5.0, 10.0)


def test_what_is_left_out_has_safe_defaults(desk: Path) -> None:
    """Without hands guardian only observes; without more words a flatten has 60 s and spot is kept."""
    minimal = "instance: i\nstate_dir: .\nrules: [pack]\naccounts: [{name: a, venue: bybit, currency: USDT, "

    config = load(desk, minimal + "keys: {watch: 'env:WATCH'}}]\n")

    account = config.accounts[0]
    assert (None, None, "incident") == (account.keys.hands, account.keys.admin, account.keys.hold)
    assert (FlattenConfig(60.0, 0.02, "keep"), PollConfig(1.0, 10.0, 60.0)) == (account.flatten, account.poll)
    assert (None, (), (), None) == (config.listen, config.routes.routes, account.bot.keys, config.vault)


def test_a_vault_is_parsed(desk: Path) -> None:
    vault = "vault: {address: 'https://v:8200', ca: ca.pem, auth: {token: {token: 'env:T'}}}\n"

    config = load(desk, CONFIG.replace("file:keys/hands.json", "vault:desk/hands") + vault)

    auth = (("token.token", "env:T"),)
    assert VaultConfig("https://v:8200", desk / "ca.pem", auth, "secret") == config.vault


def test_a_channel_in_a_vault_that_is_not_there_is_refused(desk: Path) -> None:
    """It would be found out at boot, by nobody being paged."""
    (desk / "routes.yaml").write_text(ROUTES.replace("file:keys/slack", "vault:hooks/slack"))

    with pytest.raises(ConfigError, match="channel ops: a vault: reference without a vault"):
        load(desk, CONFIG)


def test_the_environment_names_the_file_when_nobody_else_does(
    desk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(desk / "guardian.yaml", desk / "other.yaml")
    by_default = load_config(None).path

    monkeypatch.setenv("GUARDIAN_CONFIG", str(desk / "other.yaml"))

    assert [desk / "guardian.yaml", desk / "other.yaml", desk / "guardian.yaml"] == [
        by_default,
        load_config(None).path,
        load_config(Path("guardian.yaml")).path,
    ]


def test_a_rule_becomes_what_the_core_judges(desk: Path) -> None:
    """A rung without a hold takes the rule's; one with its own keeps it."""
    text = (
        RULE.replace("level: caution", "level: reduce, to: 0.5, hold: 10s") + "  hold: 2s\n  only: [main]\n"
    )

    got = rule(desk, text)

    ladder = (Rung(0.025, Level.REDUCE, 10.0, 0.5), Rung(0.05, Level.LOCKOUT, 2.0, None))
    assert Rule("dd", "Lost 5 % within an hour", "The stop.", "drawdown", Window("sliding", 3600.0),
                "account", "over", ladder, 10.0, OnUnknown.CAUTION, "operator", True, ("main",),
                "alerts/runbooks/drawdown.md") == got  # fmt: skip


def test_a_rule_that_does_not_say_armed_only_observes(desk: Path) -> None:
    assert not rule(desk, RULE.replace("  mode: armed\n", "")).armed


@pytest.mark.parametrize(
    ("metric", "written", "window"),
    [
        ("drawdown", "30s", Window("sliding", 30.0)),
        ("drawdown", "15m", Window("sliding", 900.0)),
        ("drawdown", "7d", Window("sliding", 604800.0)),
        ("drawdown", "hwm", Window("hwm")),
        ("drawdown", "hwm 30d", Window("hwm", 2592000.0)),
        ("daily_loss", "day", Window("session")),
        ("daily_drawdown", "{day: Europe/Berlin}", Window("session", tz="Europe/Berlin")),
        ("tod_spending", "day", Window("session")),
        ("tod_spending", "22:00-06:00", Window("hours", opens=1320, closes=360)),
        ("tod_spending", "9:30-24:00", Window("hours", opens=570, closes=0)),
        ("tod_spending", "22:00-06:00 Europe/Berlin", Window("hours", None, "Europe/Berlin", 1320, 360)),
        ("tod_spending", "{22:00-06:00: Europe/Berlin}", Window("hours", None, "Europe/Berlin", 1320, 360)),
        ("daily_loss", "{day: Europe/Berlin}", Window("session", tz="Europe/Berlin")),
        ("daily_loss", "'day: Europe/Berlin'", Window("session", tz="Europe/Berlin")),
        ("daily_loss", "{day: UTC}", Window("session")),
    ],
)
def test_every_way_to_write_a_window(metric: str, written: str, window: Window, desk: Path) -> None:
    text = RULE.replace("metric: drawdown", f"metric: {metric}").replace("window: 1h", f"window: {written}")

    assert window == rule(desk, text.replace("lockout", "halt")).window


@pytest.mark.parametrize(
    ("metric", "window", "written", "of"),
    [
        ("gauge", "", "queue-depth", "queue-depth"),
        ("queue_growth", "  window: 1h\n", "[redis:orders]", "redis:orders"),
        ("strategy_drawdown", "  window: 1h\n", "ft-grid-", "ft-grid-"),
        ("foreign_activity", "  window: 1h\n", "[BTC, ETH/USDT:USDT]", "BTC,ETH/USDT:USDT"),
        ("foreign_activity", "  window: 1h\n", "BTC, ETH", "BTC,ETH"),
    ],
)
def test_which_of_several_is_meant(metric: str, window: str, written: str, of: str, desk: Path) -> None:
    text = (
        RULE.replace("drawdown\n", f"{metric}\n").replace("  window: 1h\n", window).replace("lockout", "halt")
    )

    assert of == rule(desk, text + f"  of: {written}\n").of


def test_symbols_that_are_allowed_may_be_left_out(desk: Path) -> None:
    text = RULE.replace("drawdown\n", "foreign_activity\n").replace("lockout", "halt")

    assert "" == rule(desk, text).of


def test_two_rungs_share_a_limit_only_while_hold_and_level_rise(desk: Path) -> None:
    """The built-in integrity rule warns at once and halts when the same gap stays."""
    shared = RULE.replace("over: 0.025", "over: 0.05")

    assert (
        60.0
        == rule(desk, shared.replace("level: lockout", "level: lockout, hold: 60s")).ladder[1].hold_seconds
    )
    with pytest.raises(ConfigError, match="twice"):
        rule(desk, shared.replace("level: caution", "level: caution, hold: 60s"))


def test_the_hash_names_the_rules_and_not_their_files(desk: Path) -> None:
    """The journal's hash must change with a limit, and not when somebody sorts or comments a file."""
    second = RULE.replace("id: dd", "id: ee")
    (desk / "pack/rules.yaml").write_text(RULE + second)
    in_one = load_packs(["pack"], desk)[-1]
    (desk / "pack/rules.yaml").write_text("# moved\n" + second)
    (desk / "pack/z.yaml").write_text(RULE)
    in_two = load_packs(["pack"], desk)[-1]
    (desk / "pack/z.yaml").write_text(RULE.replace("0.05,", "0.06,"))
    changed = load_packs(["pack"], desk)[-1]

    assert in_one.hash == in_two.hash
    assert in_one.hash != changed.hash


def test_the_built_in_rule_comes_first_and_yields_to_its_own_id(desk: Path) -> None:
    first = load_packs(["pack"], desk)[0]
    (desk / "pack/rules.yaml").write_text(RULE.replace("id: dd", "id: integrity"))
    replaced = load_packs(["pack"], desk)

    assert ("builtin", ["integrity"]) == (first.name, [each.id for each in first.rules])
    assert [("pack", ["integrity"])] == [(pack.name, [each.id for each in pack.rules]) for pack in replaced]


def test_what_is_given_wins_over_what_is_shipped(desk: Path) -> None:
    """A desk's own `ats-plan` beside its configuration is the one it means."""
    shipped = load_packs(["ats-plan"], desk)[-1]
    shutil.copytree(desk / "pack", desk / "ats-plan")
    own = load_packs(["ats-plan"], desk)[-1]

    assert content.content_root() / "rules/ats-plan" == shipped.path
    assert desk / "ats-plan" == own.path


def test_shipped_content_is_never_reached_by_climbing(desk: Path) -> None:
    with pytest.raises(ConfigError, match="no rule pack"):
        load_packs(["../rules/demo"], desk)


def test_shipped_routes_serve_a_desk_without_its_own(desk: Path) -> None:
    (desk / "routes.yaml").unlink()

    config = load(desk, CONFIG.replace("routes: routes.yaml", "routes: alerts/routes.yaml"))

    assert ["ops", "page"] == [channel.name for channel in config.routes.channels]
    assert f"file:{desk}/keys/slack" == config.routes.channels[0].ref


def test_a_wrong_pack_is_not_half_loaded(desk: Path) -> None:
    """Seven good rules out of eight are not the pack that somebody reviewed."""
    (desk / "pack/z.yaml").write_text(RULE.replace("id: dd", "id: zz").replace("0.05,", "5,"))

    with pytest.raises(ConfigError) as caught:
        load_packs(["pack"], desk)

    assert [("zz", 8)] == [(each.rule, each.line) for each in caught.value.findings]


def test_yaml_words_are_words(desk: Path) -> None:
    """`no` is a name, not false; that mistake of YAML 1.1 has silently disabled things before."""
    config = load(desk, CONFIG.replace("name: main", "name: no").replace("instance: desk-1", "instance: on"))

    assert ("no", "on") == (config.accounts[0].name, config.instance)
