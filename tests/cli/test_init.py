"""`guardian init`: a file that passes the check, no secret in it, nothing overwritten."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from guardian.config import load_config
from tests.cli.asking import invoke
from tests.integration.commands import environment, in_process

FREQTRADE = """\
{
    // a comment, as freqtrade allows
    "trading_mode": "futures",
    "stake_currency": "USDT",
    "exchange": {
        "name": "bybit",
        "key": "PUBLICPUBLIC12",
        "secret": "SECRETSECRET//not a comment",
        "pair_whitelist": ["BTC/USDT:USDT",],
    },
}
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GUARDIAN_CONFIG", raising=False)
    return tmp_path


def written(*arguments: str) -> dict[str, Any]:
    """The document of an `init` that must succeed, whose file must pass the check."""
    result = invoke("init", "--json", *arguments)
    assert 0 == result.exit_code, result.output
    document: dict[str, Any] = json.loads(result.stdout)
    assert 0 == invoke("check", "--config", document["path"]).exit_code
    return document


def test_the_defaults_make_a_file_that_passes_the_check(folder: Path) -> None:
    document = written("--yes")

    config = load_config(None)
    assert str(folder / "guardian.yaml") == document["path"]
    assert ["builtin", "starter"] == [pack.name for pack in config.packs]
    assert ("bybit-main", "bybit", "USDT") == tuple(document[k] for k in ("account", "venue", "currency"))
    assert config.accounts[0].keys.hands is None
    assert "guardian check --online" == document["next"]


def test_what_it_writes_is_looked_at_once_a_day() -> None:
    """Nobody who starts with `init` has to know that the daily checks wait for a section of their own."""
    written("--yes")

    config = load_config(None)
    assert config.sanity is not None
    assert (6, 0, "UTC", ()) == (config.sanity.hour, config.sanity.minute, config.sanity.tz, config.sanity.to)


def test_every_answer_can_be_an_option() -> None:
    written(
        *("--venue", "bybit", "--account", "desk", "--currency", "USDC", "--watch", "env:WATCH"),
        *("--hands", "file:k/h.json", "--admin", "file:k/a.json", "--url", "http://127.0.0.1:9"),
    )

    (account,) = load_config(None).accounts
    assert ("desk", "USDC", "http://127.0.0.1:9") == (account.name, account.currency, account.url)
    assert "env:WATCH" == account.keys.watch
    assert str(account.keys.admin).endswith("/k/a.json")


def test_odd_but_valid_answers_survive_the_writing() -> None:
    """Names that YAML would read as something else."""
    written("--yes", "--account", "1e3", "--watch", "file:my keys/#1: watch.json")

    (account,) = load_config(None).accounts
    assert "1e3" == account.name
    assert account.keys.watch.endswith("/my keys/#1: watch.json")


def test_the_keys_folder_is_private_and_its_files_are_named(folder: Path) -> None:
    result = invoke("init", "--yes", "--hands", "file:keys/hands.json")

    assert 0o700 == (folder / "keys").stat().st_mode & 0o777
    assert f"chmod 600 {folder}/keys/watch.json" in result.stdout
    assert "Read-Only" in result.stdout
    assert "next: guardian check --online" == result.stdout.splitlines()[-1]


def test_nothing_is_overwritten(folder: Path) -> None:
    (folder / "guardian.yaml").write_text("mine")

    result = in_process(["init", "--yes"])

    assert (6, "mine") == (result.code, (folder / "guardian.yaml").read_text())
    assert ["guardian.yaml"] == os.listdir(folder)


def test_force_replaces_the_file(folder: Path) -> None:
    (folder / "guardian.yaml").write_text("mine")

    written("--yes", "--force")


def test_a_file_that_would_not_pass_is_not_written(folder: Path) -> None:
    """Not even with --force, and what was there stays."""
    (folder / "guardian.yaml").write_text("mine")

    result = in_process(["init", "--yes", "--force", "--currency", "us dollars"])

    assert 3 == result.code
    assert "guardian.yaml:" in result.err
    assert "mine" == (folder / "guardian.yaml").read_text()
    assert ["guardian.yaml"] == os.listdir(folder)


@pytest.mark.parametrize("missing", ["venue", "account", "currency", "watch"])
def test_without_a_terminal_a_missing_answer_is_named(folder: Path, missing: str) -> None:
    answers = {"venue": "bybit", "account": "desk", "currency": "USDT", "watch": "file:keys/watch.json"}
    del answers[missing]

    result = invoke("init", *(word for name, value in answers.items() for word in (f"--{name}", value)))

    assert 2 == result.exit_code
    assert f"--{missing}" in result.output
    assert [] == os.listdir(folder)


def test_a_key_in_place_of_a_reference_is_refused_and_never_shown(folder: Path) -> None:
    result = invoke("init", "--yes", "--watch", "SECRETSECRET")

    assert 2 == result.exit_code
    assert "SECRETSECRET" not in result.output
    assert [] == os.listdir(folder)


def test_an_unknown_venue_is_refused_with_the_nearest() -> None:
    result = in_process(["init", "--yes", "--venue", "bibyt"])

    assert 3 == result.code
    assert "did you mean bybit?" in result.err


def test_a_freqtrade_configuration_gives_its_public_key_and_no_secret(folder: Path) -> None:
    (folder / "config.json").write_text(FREQTRADE)

    document = written("--yes", "--from", "config.json")

    text = (folder / "guardian.yaml").read_text()
    (account,) = load_config(None).accounts
    assert ("bybit", "USDT", ("PUBLICPUBLIC12",)) == (account.venue, account.currency, account.bot.keys)
    assert ["PUBLICPUBLIC12"] == document["bot_keys"]
    assert "SECRETSECRET" not in text + json.dumps(document)


def test_a_spot_bot_is_told_what_guardian_does_not_do(folder: Path) -> None:
    (folder / "config.json").write_text(
        FREQTRADE.replace('"futures"', '"spot"').replace("PUBLICPUBLIC12", "")
    )

    document = written("--yes", "--from", "config.json")

    assert 2 == len(document["notes"])
    assert "never sold" in document["notes"][0]
    assert [] == document["bot_keys"]


@pytest.mark.parametrize("text", ["", "[]", '{"exchange": {}}', '{"exchange": {"secret": "SECRETSECRET",,}}'])
def test_what_is_no_freqtrade_configuration_is_refused(folder: Path, text: str) -> None:
    (folder / "config.json").write_text(text)

    result = in_process(["init", "--yes", "--from", "config.json"])

    assert (3, False) == (result.code, (folder / "guardian.yaml").exists())
    assert "config.json" in result.err
    assert "SECRETSECRET" not in result.err
    assert "Traceback" not in result.err


@pytest.mark.process
def test_at_a_terminal_it_asks_and_return_takes_the_default(folder: Path) -> None:
    """Six questions, six returns, but for the account's name."""
    ours, theirs = pty.openpty()
    words = [sys.executable, "-m", "guardian", "init"]
    asking = subprocess.Popen(words, stdin=theirs, stdout=theirs, stderr=theirs, env=environment())
    os.close(theirs)
    os.write(ours, b"\nmine\n\n\n\n\n")
    code = asking.wait(30)
    os.close(ours)

    (account,) = load_config(None).accounts
    assert (0, "mine", "bybit", None) == (code, account.name, account.venue, account.keys.hands)
