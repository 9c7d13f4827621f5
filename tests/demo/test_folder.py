"""The run folder holds keys: their modes, their end, and whose folder may be emptied."""

from __future__ import annotations

from pathlib import Path

import pytest

from guardian.demo.folder import forget_keys, fresh, write_config, write_keys, write_secret
from guardian.errors import GuardianError

ACCOUNT = {
    role: {"key": f"id-{role}", "secret": f"secret-{role}"} for role in ("watch", "hands", "admin", "bot")
}


def test_keys_are_0600_and_no_secret_is_in_the_configuration(tmp_path: Path) -> None:
    folder = fresh(tmp_path / "run")

    write_keys(folder, ACCOUNT)
    write_secret(folder.key("slack"), "http://127.0.0.1:1/services/T/B/secret-slack")
    write_config(folder, "http://127.0.0.1:2", "id-bot", "http://127.0.0.1:1")

    assert {file.stat().st_mode & 0o777 for file in (folder.root / "keys").iterdir()} == {0o600}
    written = folder.config.read_text() + (folder.root / "alerts.yaml").read_text()
    assert "secret-" not in written
    assert '"id-bot"' in written


def test_an_earlier_run_is_removed_and_anything_else_is_refused(tmp_path: Path) -> None:
    """`--out ~` must never empty a home directory."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years")
    write_keys(fresh(tmp_path / "run"), ACCOUNT)

    again = fresh(tmp_path / "run")

    assert not list((again.root / "keys").iterdir())
    with pytest.raises(GuardianError, match="not a folder of an earlier demo"):
        fresh(tmp_path / "mine")
    assert (tmp_path / "mine" / "thesis.txt").exists()


def test_the_keys_end_with_the_run(tmp_path: Path) -> None:
    folder = fresh(tmp_path / "run")
    write_keys(folder, ACCOUNT)

    forget_keys(folder)

    assert not list((folder.root / "keys").iterdir())
