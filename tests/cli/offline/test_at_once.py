"""`arm` says what it would set off at once, and where nobody can say it, that it is not known."""

from __future__ import annotations

import socket
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from guardian.cli.act import at_once
from guardian.cli.shared import CONTROL_SOCKET

ACCOUNT = "main"


def said(folder: Path, capsys: pytest.CaptureFixture[str]) -> str:
    at_once.tell(cast(Any, SimpleNamespace(state_dir=folder, packs=())), ACCOUNT, ())
    return capsys.readouterr().err


def test_a_daemon_that_does_not_answer_is_no_calm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It listens, and its next read does not come in time."""
    monkeypatch.setattr(at_once, "PATIENCE_SECONDS", 0.2)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / CONTROL_SOCKET))
        listening.listen()

        assert "at once is not known" in said(tmp_path, capsys)


def test_without_a_daemon_nothing_acts_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert said(tmp_path, capsys) == ""
