"""One OpenBao for each test that asks for it: sealing and policies must not leak into the next."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.adapters.secrets.openbao import OpenBao


@pytest.fixture
def bao(tmp_path: Path) -> Iterator[OpenBao]:
    server = OpenBao(tmp_path / "bao")
    try:
        yield server.start()
    finally:
        server.stop()


@pytest.fixture
def bao_tls(tmp_path: Path) -> Iterator[OpenBao]:
    server = OpenBao(tmp_path / "bao", tls=True)
    try:
        yield server.start()
    finally:
        server.stop()
