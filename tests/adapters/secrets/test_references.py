"""Secrets by reference: what is refused says how to fix it, and nothing ever says the secret."""

from __future__ import annotations

import asyncio
import json
import os
import threading
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from guardian.core.events import Outcome
from guardian.errors import SecretError
from guardian.secrets import SecretReferences

CANARY = "canary-5up3r-s3cr3t"


def private(path: Path, text: str, mode: int = 0o600) -> Path:
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
    return path


def everything(error: BaseException) -> str:
    """All that a careless logger could print of an exception, its causes and its arguments."""
    chain: list[BaseException] = []
    current: BaseException | None = error
    while current is not None:
        chain.append(current)
        current = current.__cause__ or current.__context__
    shown = [*traceback.format_exception(error)]
    shown += [f"{each!r} {each.args!r} {vars(each)!r} {getattr(each, 'doc', '')!r}" for each in chain]
    return "\n".join(shown)


async def test_a_file_gives_the_key_pair_and_what_else_it_holds(tmp_path: Path) -> None:
    fields = {"key": "public", "secret": CANARY, "passphrase": "p", "uid": 7}
    private(tmp_path / "watch.json", json.dumps(fields))

    credential = await SecretReferences(tmp_path).fetch("file:watch.json")

    assert (credential.key, credential.secret) == ("public", CANARY)
    assert credential.extra == (("passphrase", "p"), ("uid", "7"))
    assert CANARY not in repr(credential)


async def test_a_key_waits_for_no_thread_that_something_else_may_hang(tmp_path: Path) -> None:
    """The loop's own threads look up names, of the stack's servers too: a key to act with goes past them.

    Nor does it wait behind texts, such as the token of a channel on a disk that hangs.
    """
    loop, open_ = asyncio.get_running_loop(), threading.Event()
    loop.set_default_executor(ThreadPoolExecutor(1))
    hanging = loop.run_in_executor(None, open_.wait, 5.0)
    private(tmp_path / "hands.json", json.dumps({"key": "k", "secret": CANARY}))
    store = SecretReferences(tmp_path, SlowPlace(open_))
    texts = [asyncio.create_task(store.fetch_text("env:SLOW")) for _ in range(20)]
    await asyncio.sleep(0.05)

    try:
        async with asyncio.timeout(1.0):
            assert "k" == (await store.fetch("file:hands.json")).key
            report = await store.destroy("file:hands.json")
    finally:
        open_.set()

    assert Outcome.DONE == report.outcome
    assert [CANARY] * 20 == await asyncio.gather(*texts)
    assert await hanging


class SlowPlace(dict[str, str]):
    """An environment as slow as a disk that hangs."""

    def __init__(self, open_: threading.Event) -> None:
        super().__init__(SLOW=CANARY)
        self.open = open_

    def get(self, key: str, default: Any = None) -> Any:
        self.open.wait(5.0)
        return super().get(key, default)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o601])
async def test_a_credential_that_others_can_read_is_refused_with_its_chmod(tmp_path: Path, mode: int) -> None:
    path = private(tmp_path / "watch.json", json.dumps({"key": "k", "secret": CANARY}), mode)

    with pytest.raises(SecretError, match=f"chmod 600 {path}") as refused:
        await SecretReferences(tmp_path).fetch("file:watch.json")

    assert CANARY not in everything(refused.value)


BAD_CONTENT = {
    "not json": f'{{"key": "k", "secret": "{CANARY}"',
    "a list": f'["{CANARY}"]',
    "no key": f'{{"secret": "{CANARY}"}}',
    "no secret": f'{{"key": "{CANARY}"}}',
    "a number": f'{{"key": "{CANARY}", "secret": 7}}',
    "nested": f'{{"key": "k", "secret": "s", "more": {{"x": "{CANARY}"}}}}',
    "deep": "[" * 60_000 + CANARY,
    "too long": CANARY + "x" * 70_000,
}


@pytest.mark.parametrize("what", BAD_CONTENT)
async def test_bad_content_is_refused_without_quoting_it(tmp_path: Path, what: str) -> None:
    """A JSON parser's exception carries the whole document; it must not travel with ours."""
    private(tmp_path / "bad.json", BAD_CONTENT[what])
    store = SecretReferences(tmp_path, {"BAD": BAD_CONTENT[what]})

    for ref in ("file:bad.json", "env:BAD"):
        if (what, ref) == ("too long", "env:BAD"):
            continue
        with pytest.raises(SecretError, match=ref) as refused:
            await store.fetch(ref)

        assert CANARY not in everything(refused.value)


async def test_bytes_that_are_no_text_are_refused_without_quoting_them(tmp_path: Path) -> None:
    private(tmp_path / "bad", "").write_bytes(CANARY.encode() + b"\xff\xfe")

    with pytest.raises(SecretError, match="not UTF-8") as refused:
        await SecretReferences(tmp_path).fetch_text("file:bad")

    assert CANARY not in everything(refused.value)


async def test_the_environment_holds_the_json_or_names_its_file(tmp_path: Path) -> None:
    private(tmp_path / "mounted", json.dumps({"key": "k2", "secret": "s2"}), 0o444)
    environ = {"A": json.dumps({"key": "k1", "secret": "s1"}), "B_FILE": str(tmp_path / "mounted")}
    store = SecretReferences(tmp_path, environ)

    assert (await store.fetch("env:A")).key == "k1"
    assert (await store.fetch("env:B")).key == "k2"
    with pytest.raises(SecretError, match="neither C nor C_FILE is set"):
        await store.fetch("env:C")


async def test_a_text_secret_is_one_string_without_its_newline(tmp_path: Path) -> None:
    private(tmp_path / "hook", f"  {CANARY}\n", 0o644)
    private(tmp_path / "empty", "\n")
    store = SecretReferences(tmp_path)

    assert await store.fetch_text("file:hook") == CANARY
    with pytest.raises(SecretError, match="file:empty: is empty"):
        await store.fetch_text("file:empty")


@pytest.mark.parametrize(
    ("ref", "says"),
    [
        ("vault:exec/bot", "guardian.yaml has no vault"),
        ("file:missing.json", "No such file"),
        ("file:.", "is not a file"),
        ("file:", "not a reference"),
        ("ftp:x", "unknown kind"),
        (CANARY, "not a reference"),
        (f"https://hooks.slack.com/{CANARY}", "unknown kind"),
    ],
)
async def test_a_wrong_reference_says_what_to_write(tmp_path: Path, ref: str, says: str) -> None:
    """Somebody will paste the secret itself where the reference belongs."""
    with pytest.raises(SecretError, match=says) as refused:
        await SecretReferences(tmp_path).fetch(ref)

    assert CANARY not in everything(refused.value)


async def test_destroy_overwrites_and_removes_a_file_and_the_link_to_it(tmp_path: Path) -> None:
    """Another open descriptor, such as a hard link, must read zeros afterwards."""
    path = private(tmp_path / "bot.json", CANARY)
    os.link(path, tmp_path / "second-name")
    (tmp_path / "link").symlink_to(path)

    report = await SecretReferences(tmp_path).destroy("file:link")

    assert report.outcome is Outcome.DONE
    assert not path.exists()
    assert not (tmp_path / "link").is_symlink()
    assert (tmp_path / "second-name").read_bytes() == b"\0" * len(CANARY)


@pytest.mark.parametrize(
    ("ref", "outcome"),
    [
        ("file:absent", Outcome.GONE),
        ("file:.", Outcome.REFUSED),
        ("env:NAME", Outcome.IMPOSSIBLE),
        ("vault:exec/bot", Outcome.IMPOSSIBLE),
        ("nonsense", Outcome.IMPOSSIBLE),
    ],
)
async def test_destroy_reports_what_it_cannot_do(tmp_path: Path, ref: str, outcome: Outcome) -> None:
    report = await SecretReferences(tmp_path, {"NAME": CANARY}).destroy(ref)

    assert report.outcome is outcome
    assert CANARY not in repr(report)


async def test_the_store_shows_no_environment(tmp_path: Path) -> None:
    assert CANARY not in repr(SecretReferences(tmp_path, {"NAME": CANARY}))
