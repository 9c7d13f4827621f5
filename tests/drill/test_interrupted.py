"""A live drill that is interrupted puts back what it has changed, judged by the venue's own books."""

from __future__ import annotations

import signal

import pytest

from tests.drill.conftest import Drilled, outcomes, whole

pytestmark = pytest.mark.process


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_interrupted_while_the_key_is_fenced(drilled: Drilled, number: signal.Signals) -> None:
    drilled.desk.venue.fault(match="sub-apikeys", effect="hang", seconds=1.5, key="admin")
    drill = drilled.begin("--no-page")
    drilled.until(lambda: drilled.key["read_only"], "a fenced canary key")

    drill.send_signal(number)
    code, document = drilled.finish(drill)

    assert (4, True) == (code, document["interrupted"])
    assert "ok" == outcomes(document)["cleanup: canary key is open"]
    whole(drilled)


def test_interrupted_while_the_order_rests(drilled: Drilled) -> None:
    drilled.desk.venue.fault(match="order/create", key="hands", effect="hang", seconds=1.5)
    drill = drilled.begin("--no-page")
    drilled.until(lambda: drilled.canary_orders() != [], "a resting canary order")

    drill.send_signal(signal.SIGINT)
    drill.send_signal(signal.SIGINT)
    code, document = drilled.finish(drill)

    assert (4, "ok") == (code, outcomes(document)["cleanup: canary order is gone"])
    whole(drilled)
