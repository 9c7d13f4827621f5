"""Whatever guardian.yaml or routes.yaml holds, it loads whole or says where it is wrong, and shows no secret.

A restart goes on with the last good configuration: a file edited into nonsense must not take guardian down.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardian.cli.shared import loaded_or_last_good
from guardian.config import ConfigError, load_config
from guardian.exchanges import VENUES
from guardian.runtime.start import lastgood
from tests.config.desk import CONFIG, ROUTES, RULE
from tests.fuzz.effort import examples
from tests.fuzz.test_rule_files import asked, findings, lines_of
from tests.fuzz.written import files

pytestmark = pytest.mark.long

SECRET = "SECRETSECRET"
MORE = """\
    egress: 127.0.0.1
    drill: {canary_key: abc, symbol: BTC/USDT:USDT, process: {pidfile: d.pid, start: [sleep, "9"]}}
vault: {address: https://127.0.0.1:8200, ca: ca.pem, auth: {approle: {role_id: file:r, secret_id: file:s}}}
"""
EVERY_FIELD = CONFIG + MORE


@contextmanager
def desk() -> Iterator[Path]:
    """A valid folder, as the working folder, in which guardian has run before."""
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder).resolve()
        for name, text in (
            ("guardian.yaml", EVERY_FIELD),
            ("routes.yaml", ROUTES),
            ("pack/rules.yaml", RULE),
        ):
            (path / name).parent.mkdir(exist_ok=True)
            (path / name).write_text(text)
        (path / "state").mkdir()
        os.chdir(path)
        try:
            lastgood.remember(load_config(path / "guardian.yaml"))
            yield path
        finally:
            os.chdir(before)


def test_every_field_is_there_to_be_changed() -> None:
    with desk() as path:
        config = load_config(path / "guardian.yaml", VENUES)

    account = config.accounts[0]
    assert None not in (config.vault, config.listen, account.egress, account.drill, account.bot)


def outcome(name: str, raw: bytes) -> None:
    with desk() as path:
        (path / name).write_bytes(raw)
        lines = max(lines_of(raw), len(EVERY_FIELD.splitlines()) + 2)
        wrong = findings("", lines, "--config", "guardian.yaml")

        chosen = lastgood.choose(path / "guardian.yaml", VENUES)
        loaded = loaded_or_last_good(path / "guardian.yaml")

    assert bool(chosen.refused) is bool(wrong)
    assert loaded.accounts
    assert chosen.config.accounts


@examples(60)
@given(files(EVERY_FIELD))
def test_any_configuration_is_whole_or_the_last_good_one_stands_in(raw: bytes) -> None:
    outcome("guardian.yaml", raw)


@examples(30)
@given(files(ROUTES))
def test_any_routes_are_whole_or_the_last_good_ones_stand_in(raw: bytes) -> None:
    outcome("routes.yaml", raw)


@examples(30)
@given(files(EVERY_FIELD))
def test_a_command_that_only_looks_ends_by_itself_whatever_the_configuration_is(raw: bytes) -> None:
    """No daemon answers here and no key can be read, so that nothing is asked of any venue."""
    with desk() as path:
        (path / "guardian.yaml").write_bytes(raw)
        told = asked("status", "--json")

    assert 7 == told.exit_code


@examples(30)
@given(
    st.sampled_from(
        ["watch: ", "hands: ", "admin: ", "secret: ", "url: ", "instance: ", "keys: ", "role_id: "]
    )
)
def test_a_secret_in_the_place_of_a_reference_is_never_shown(field: str) -> None:
    with desk() as path:
        text = EVERY_FIELD.replace(field, f"{field}{SECRET}/+=; ", 1)
        (path / "guardian.yaml").write_text(text)

        told = asked("check").output + asked("check", "--json").output

    assert SECRET not in told or field in ("instance: ",)


@pytest.mark.parametrize("folder", ["~nobody-of-this-name/x", "a\x00b"])
def test_a_state_folder_that_cannot_be_named_does_not_hide_the_last_good_configuration(folder: str) -> None:
    with desk() as path:
        (path / "guardian.yaml").write_text(EVERY_FIELD.replace("state_dir: state", f"state_dir: {folder}"))

        try:
            chosen = lastgood.choose(path / "guardian.yaml", VENUES)
        except ConfigError:
            return  # Said as a finding: what is wrong is told.

    assert chosen.refused
