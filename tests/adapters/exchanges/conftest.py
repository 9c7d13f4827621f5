"""Fixtures of the exchange adapters' tests: a scripted venue, and the ports opened on it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from guardian.exchanges.bybit.keys import BybitKeyAdmin
from guardian.exchanges.bybit.read import BybitReader
from guardian.exchanges.bybit.trade import BybitTrader
from tests.adapters.exchanges.stub import HANDS, WATCH, Script, scripted


@pytest.fixture
async def script() -> AsyncIterator[Script]:
    async with scripted() as running:
        yield running


@pytest.fixture
async def reader(script: Script) -> AsyncIterator[BybitReader]:
    opened = BybitReader(script.endpoint(), WATCH)
    yield opened
    await opened.close()


@pytest.fixture
async def trader(script: Script) -> AsyncIterator[BybitTrader]:
    opened = BybitTrader(script.endpoint(), warm_connections=2)
    opened.hold(HANDS)
    yield opened
    await opened.close()


@pytest.fixture
async def admin(script: Script) -> AsyncIterator[BybitKeyAdmin]:
    opened = BybitKeyAdmin(script.endpoint(), WATCH.key, (HANDS.key,))
    yield opened
    await opened.close()
