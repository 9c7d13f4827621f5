"""A pace is kept to the message, and inventing names gets nobody more of it."""

from __future__ import annotations

from dataclasses import dataclass

from guardian.web.pace import Bucket, Buckets


@dataclass
class Seconds:
    at: float = 0.0

    def __call__(self) -> float:
        return self.at


def test_a_burst_then_one_for_each_tenth_of_a_second() -> None:
    now = Seconds()
    bucket = Bucket(10.0, 3.0, now)

    assert [True, True, True, False] == [bucket.take() for _ in range(4)]
    now.at = 0.1
    assert [True, False] == [bucket.take() for _ in range(2)]
    now.at = 1000.0
    assert [True, True, True, False] == [bucket.take() for _ in range(4)], (
        "silence saves up no more than a burst"
    )


def test_what_weighs_more_takes_more_and_nothing_is_taken_in_part() -> None:
    now = Seconds()
    bucket = Bucket(10.0, 100.0, now)

    assert [True, False, True, False] == [bucket.take(weight) for weight in (60.0, 50.0, 40.0, 1.0)]
    now.at = 5.0
    assert bucket.take(50.0)


def test_new_names_get_nothing_while_every_place_is_in_use() -> None:
    now = Seconds()
    buckets = Buckets(10.0, 3.0, 2, now)

    assert [True, True, False] == [buckets.take(name) for name in "abc"]
    assert buckets.take("a")

    now.at = 0.31
    assert buckets.take("a")
    assert buckets.take("c"), "b was silent until it was full again: its place is free"
    assert not buckets.take("b")
