"""The port's own laws: it tells and never acts, it is bounded, and it says why it cannot be opened."""

from __future__ import annotations

import json

import pytest

from guardian.web.figures import Health
from guardian.web.server import ListenError, TelemetryServer
from tests.web.told import Told, get, serving


async def test_a_probe_says_what_is_wrong() -> None:
    reasons = ("nothing has been judged for 20 s",)
    async with serving(Told(live=Health(True), ready=Health(False, reasons))) as server:
        live, ready = await get(server, "/livez"), await get(server, "/readyz")

    assert (200, {"ok": True, "reasons": []}) == (live.code, json.loads(live.body))
    assert (503, {"ok": False, "reasons": list(reasons)}) == (ready.code, json.loads(ready.body))


async def test_a_dead_evaluator_fails_the_liveness_probe() -> None:
    async with serving(Told(live=Health(False, ("stuck",)))) as server:
        assert 503 == (await get(server, "/livez")).code


async def test_a_permit_is_told_as_it_stands_and_an_unknown_account_is_not_found() -> None:
    permit = {"trade": False, "mode": "halt", "size_cap": 0.0, "expires_at": "2026-03-02T12:00:30.000Z"}
    async with serving(Told(permits={"main": permit})) as server:
        known, unknown = await get(server, "/v1/permit/main"), await get(server, "/v1/permit/other")

    assert (200, permit) == (known.code, json.loads(known.body))
    assert 404 == unknown.code


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
@pytest.mark.parametrize("path", ["/livez", "/metrics", "/v1/permit/main", "/v1/demand", "/v1/status"])
async def test_nothing_on_this_port_acts(method: str, path: str) -> None:
    """Whatever is sent, it is refused: commands belong to the control socket."""
    async with serving(Told()) as server:
        assert (await get(server, path, method)).code in (404, 405)


async def test_many_scrapes_cost_as_much_as_one() -> None:
    """Building the figures takes the loop's own time, so a flood of scrapes must not delay judging."""
    told = Told()
    async with serving(told) as server:
        answers = [await get(server, "/metrics", Accept=f"text/plain;version=0.0.{n}") for n in range(20)]

    assert {200} == {answer.code for answer in answers}
    assert told.asked <= 2


async def test_a_port_that_is_taken_names_the_address_and_the_field() -> None:
    async with serving(Told()) as first:
        address = f"127.0.0.1:{first.port}"
        second = TelemetryServer(address, Told())
        with pytest.raises(ListenError) as refused:
            await second.open()

    assert 1 == refused.value.exit_code
    assert f"field listen: cannot listen on {address} (address already in use)" in str(refused.value)


async def test_an_address_of_another_machine_is_refused_with_the_reason() -> None:
    server = TelemetryServer("192.0.2.1:8787", Told())

    with pytest.raises(ListenError, match=r"field listen: cannot listen on 192\.0\.2\.1:8787 \(.+\)"):
        await server.open()


async def test_a_closed_server_frees_its_port() -> None:
    async with serving(Told()) as first:
        port = first.port
    again = TelemetryServer(f"127.0.0.1:{port}", Told())

    await again.open()

    assert port == again.port
    await again.close()
