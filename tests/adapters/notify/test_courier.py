"""The courier never loses a message, never hurries a channel, and never holds one up for another."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from guardian.ports import Delivery, Message
from tests.adapters.notify.desk import START, Desk, message


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    desk = Desk(tmp_path / "j.db")
    yield desk
    await desk.courier.stop()
    await desk.journal.close()


async def test_one_message_a_second_and_channel_in_order(desk: Desk) -> None:
    await desk.queue(*(message(str(n)) for n in range(4)))
    await desk.queue(message("p"), to="page")

    await desk.round()

    assert desk.ops.titles == ["0", "1", "2", "3"]
    assert desk.page.titles == ["p"]
    gaps = [b - a for (a, _), (b, _) in zip(desk.ops.got, desk.ops.got[1:], strict=False)]
    assert all(gap >= 1.0 for gap in gaps)
    assert await desk.waiting() == []


async def test_a_failing_channel_is_tried_ever_more_slowly_and_loses_nothing(desk: Desk) -> None:
    """An hour of outage, 1 s to 60 s apart, told once as trouble; then everything arrives, and it is told."""
    desk.ops.down = True
    await desk.queue(message("a"))
    await desk.rounds(600)
    tried = desk.ops.tries
    desk.ops.down = False
    await desk.rounds(61)

    assert 10 <= tried <= 25
    assert desk.ops.titles == ["a"]
    assert desk.troubles == [("channel:ops", False), ("channel:ops", True)]


async def test_a_dead_channel_does_not_delay_another(desk: Desk) -> None:
    """The pager must not wait for a chat that hangs."""
    hung = asyncio.Event()

    async def hang(message: Message) -> Delivery:
        await hung.wait()
        return Delivery(True)

    desk.ops.send = hang  # type: ignore[method-assign]
    await desk.queue(message("stuck"))
    await desk.queue(message("wake up"), to="page")

    await desk.courier.look()
    for _ in range(50):
        await asyncio.sleep(0.005)
        if desk.page.got:
            break

    assert desk.page.titles == ["wake up"]


async def test_retry_after_is_obeyed(desk: Desk) -> None:
    desk.ops.answers = [Delivery(False, True, 30.0, "http-429")]
    await desk.queue(message("a"), message("b"))

    await desk.rounds(29)
    early = list(desk.ops.got)
    await desk.rounds(5)

    assert early == []
    assert sorted(desk.ops.titles) == ["a", "b"]


async def test_a_refused_message_is_given_up_and_said(desk: Desk) -> None:
    """It never blocks the ones behind it, and somebody hears of it by another way."""
    desk.ops.answers = [Delivery(False, False, None, "http-404 no_service")]
    await desk.queue(message("bad"), message("good"))

    await desk.round()

    assert desk.ops.titles == ["good"]
    assert desk.troubles == [("channel:ops", False), ("channel:ops", True)]
    assert await desk.waiting() == []


async def test_a_message_that_always_fails_does_not_hold_up_the_others(desk: Desk) -> None:
    async def picky(told: Message) -> Delivery:
        if told.title != "poison":
            desk.ops.got.append((0.0, told))
        return Delivery(told.title != "poison", detail="http-500")

    desk.ops.send = picky  # type: ignore[method-assign]
    await desk.queue(message("poison"), message("a"), message("b"))

    await desk.rounds(10)

    assert desk.ops.titles == ["a", "b"]
    assert await desk.waiting() == ["poison"]


async def test_after_an_outage_the_worst_news_is_told_first(desk: Desk) -> None:
    """It was tried most often while the channel was down, and must not wait behind what came after it."""
    desk.ops.answers = [Delivery(False, detail="http-503")] * 4
    await desk.queue(message("flat", level="FLATTEN"))
    await desk.rounds(5)
    await desk.queue(*(message(f"chatter {n}", level="HALT") for n in range(8)))

    await desk.rounds(40)

    assert "flat" in desk.ops.titles[:2]


async def test_a_channel_that_raises_only_fails(desk: Desk) -> None:
    desk.ops.answers = [RuntimeError("https://secret"), TimeoutError()]
    await desk.queue(message("a"))

    await desk.rounds(10)

    assert desk.ops.titles == ["a"]


async def test_an_unresolved_incident_is_told_again_until_it_is_resolved(desk: Desk) -> None:
    """Also across a restart; what follows a resolve is silence."""
    await desk.queue(message("a", level="FLATTEN", key="k"))
    await desk.rounds(310, step=5)
    await desk.restart()
    await desk.rounds(300, step=5)
    await desk.queue(message("a", level="FLATTEN", key="k", notification="resolve", at=desk.world.at))
    await desk.rounds(1200, step=5)

    assert [told.notification for _, told in desk.ops.got] == ["trigger"] * 3 + ["resolve"]
    assert desk.ops.got[1][1].lines == ("Unresolved since 2026-11-21T09:00:00.000Z.",)
    assert 300 <= desk.ops.got[1][0] <= 306


async def test_an_old_backlog_becomes_one_digest_but_for_the_newest_trigger_of_each_key(desk: Desk) -> None:
    """Two hundred late messages at one a second would hide the one that matters."""
    at = START - timedelta(seconds=600)
    old = [message(f"old {n}", key="k1", at=at + timedelta(seconds=n), level="CAUTION") for n in range(30)]
    await desk.queue(*old, message("other", key="k2", at=at, level="LOCKOUT"), message("fresh", key="k3"))

    await desk.round()

    assert desk.ops.titles[:3] == ["other", "fresh", "old 29"]
    assert len(desk.ops.got) == 4
    digest = desk.ops.got[3][1]
    assert digest.title.startswith("29 earlier messages")
    assert len(digest.lines) == 29
    assert await desk.waiting() == ["other"]  # LOCKOUT repeats


async def test_a_pager_gets_no_digest_and_every_resolve(desk: Desk) -> None:
    """A digest would open an incident that nothing resolves; a dropped resolve would leave one open."""
    at = START - timedelta(seconds=600)
    old = [message(f"old {n}", key="k1", at=at + timedelta(seconds=n)) for n in range(15)]
    resolve = message("end", key="k1", at=at + timedelta(seconds=20), notification="resolve")
    await desk.queue(*old, resolve, to="page")

    await desk.round()

    assert desk.page.titles == ["old 14", "end"]
    assert await desk.waiting() == []


async def test_a_digest_that_fails_keeps_its_messages(desk: Desk) -> None:
    at = START - timedelta(seconds=600)
    await desk.queue(*(message(f"old {n}", key="k", at=at + timedelta(seconds=n)) for n in range(12)))
    desk.ops.answers = [Delivery(True), Delivery(False, True, None, "http-503")]

    await desk.round()
    left = await desk.waiting()
    await desk.rounds(3)

    assert len(left) == 11
    assert await desk.waiting() == []


async def test_a_trigger_that_waits_for_its_retry_is_dropped_once_its_resolve_is_told(desk: Desk) -> None:
    """After a restart nobody remembers that the channel was blocked, so the resolve may overtake."""
    desk.page.answers = [Delivery(False, True, 30.0, "http-429")]
    await desk.queue(message("a", key="k"), to="page")
    await desk.round()
    await desk.restart()
    await desk.queue(message("a", key="k", notification="resolve", at=desk.world.at), to="page")

    await desk.rounds(60)

    assert [told.notification for _, told in desk.page.got] == ["resolve"]
    assert await desk.waiting() == []


async def test_a_trigger_never_follows_its_resolve(desk: Desk) -> None:
    """PagerDuty would open the incident again, and nothing would ever close it."""
    desk.page.answers = [Delivery(False, True, None, "http-503")]
    await desk.queue(message("a", key="k"), to="page")
    await desk.round()
    await desk.queue(message("a", key="k", notification="resolve", at=START), to="page")

    await desk.rounds(5)

    assert [told.notification for _, told in desk.page.got] == ["trigger", "resolve"]
