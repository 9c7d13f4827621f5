"""What paper has filled, told by a bot: taken, journaled and replayed as it was told."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from guardian.core.events import TelemetryTold
from guardian.core.facts.telemetry import TwinFill
from guardian.runtime.codec import decode_event, encode_event
from guardian.web.message import MessageError, read_message
from tests.core import build
from tests.core.build import START
from tests.web.test_telling import with_twin

FILL = {
    "symbol": build.BTC,
    "side": "buy",
    "quantity": "0.5",
    "price": 101.5,
    "at": (START - timedelta(seconds=3)).isoformat(),
}


def read(**twin: Any) -> Any:
    return read_message(json.dumps(with_twin(**twin)).encode(), START)


def test_a_fill_is_what_it_says() -> None:
    row = TwinFill(START - timedelta(seconds=3), build.BTC, -1, Decimal("0.5"), Decimal("101.5"))

    assert (row,) == read(fills=[{**FILL, "side": "sell"}]).fills


def test_that_nothing_was_filled_is_told_and_silence_is_not_that() -> None:
    assert () == read(fills=[]).fills
    assert None is read().fills
    assert None is read(kind="master", fills=[FILL]).fills


WITHOUT_INSTANT = {key: value for key, value in FILL.items() if key != "at"}


@pytest.mark.parametrize(
    ("fills", "field"),
    [
        ([{**FILL, "side": "long"}], "twins[0].fills[0].side"),
        ([{**FILL, "price": 0}], "twins[0].fills[0].price"),
        ([{**FILL, "quantity": "1e3"}], "twins[0].fills[0].quantity"),
        ([{**FILL, "at": "2020-01-01T00:00:00Z"}], "twins[0].fills[0].at"),
        ([FILL, WITHOUT_INSTANT], "twins[0].fills[1].at"),
        ([FILL] * 101, "twins[0].fills"),
    ],
)
def test_a_mistake_is_told_where_it_is(fills: list[Any], field: str) -> None:
    """A fill without its instant would be of its arrival's bar, which is another one's."""
    with pytest.raises(MessageError) as refused:
        read(fills=fills)

    assert [field] == [mistake.field for mistake in refused.value.mistakes]


def test_it_is_journaled_as_it_was_told_and_a_journal_without_it_is_read() -> None:
    told = TelemetryTold(START, read(fills=[FILL]))
    raw = encode_event(told)

    assert told == decode_event(raw)
    del raw["telemetry"]["fills"]
    assert None is decode_event(raw).telemetry.fills  # type: ignore[union-attr]
