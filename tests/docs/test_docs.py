"""What the docs say is true: links lead somewhere, commands exist, examples parse, no machine is named."""

from __future__ import annotations

import re
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from guardian.cli import COMMANDS, root

ROOT = Path(__file__).resolve().parents[2]

LINK = re.compile(r"!?\[[^\]]*\]\((?P<target>[^)\s]+)(?:\s+\"[^\"]*\")?\)")
FENCE = re.compile(
    r"^(?P<indent> *)```(?P<language>[\w-]*)[^\n]*\n(?P<body>.*?)^(?P=indent)```\s*$", re.M | re.S
)
CODE_SPAN = re.compile(r"`(?P<code>[^`\n]+)`")
COMMAND = re.compile(r"^(?:\$ |> )?(?:\S*/)?guardian (?P<verb>[a-z][a-z-]*)")
SHELL = {"", "sh", "bash", "shell", "console"}


@dataclass(frozen=True, slots=True)
class Page:
    """One Markdown file; `prose` is its text without fenced code."""

    name: str
    text: str

    @property
    def prose(self) -> str:
        return FENCE.sub("", self.text)

    def fences(self, *languages: str) -> Iterator[str]:
        for fence in FENCE.finditer(self.text):
            if fence["language"] in languages:
                yield fence["body"]

    def commands(self) -> Iterator[str]:
        """The verbs of every `guardian VERB` in code: spans, and shell fences line by line."""
        code = [span["code"] for span in CODE_SPAN.finditer(self.prose)]
        code += [line.strip() for fence in self.fences(*SHELL) for line in fence.splitlines()]
        for line in code:
            named = COMMAND.match(line)
            if named:
                yield named["verb"]

    def anchors(self) -> set[str]:
        """The headings as GitHub spells them in a fragment."""
        headings = re.findall(r"^#+ (.+?)\s*$", self.prose, re.M)
        return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def tracked() -> list[Path]:
    """Files that are, or would be, committed; without git every file outside hidden folders."""
    listing = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    result = subprocess.run(listing, cwd=ROOT, capture_output=True, text=True, check=False)
    if result.returncode == 0:
        files = [ROOT / name for name in result.stdout.split("\0") if name]
    else:
        files = [f for f in ROOT.rglob("*") if not any(p.startswith(".") for p in f.relative_to(ROOT).parts)]
    return sorted(file for file in files if file.is_file())


def pages() -> list[Page]:
    return [
        Page(file.relative_to(ROOT).as_posix(), file.read_text(encoding="utf-8"))
        for file in tracked()
        if file.suffix == ".md"
    ]


def broken_links(page: Page) -> list[str]:
    targets = [link["target"] for link in LINK.finditer(page.prose)]
    relative = [target for target in targets if not re.match(r"[a-z][a-z0-9+.-]*:", target)]
    return [target for target in relative if not leads_somewhere(page, target)]


def leads_somewhere(page: Page, target: str) -> bool:
    path, _, fragment = target.partition("#")
    if not path:
        return fragment in page.anchors()
    file = (ROOT / page.name).parent / path
    if not file.exists() or not fragment or file.suffix != ".md":
        return file.exists()
    return fragment in Page(path, file.read_text(encoding="utf-8")).anchors()


def test_every_relative_link_leads_somewhere() -> None:
    assert {} == {page.name: broken for page in pages() if (broken := broken_links(page))}


def test_every_command_named_in_the_docs_exists() -> None:
    """A command that a runbook names at 3 a.m. must be there."""
    named = {(page.name, verb) for page in pages() for verb in page.commands()}

    assert [] == sorted((page, verb) for page, verb in named if verb not in COMMANDS)


def test_every_yaml_example_parses() -> None:
    problems = []
    for page in pages():
        for fence in page.fences("yaml", "yml"):
            try:
                list(yaml.safe_load_all(fence))
            except yaml.YAMLError as error:
                problems.append(f"{page.name}: {error}")

    assert [] == problems


def foreign_names() -> set[str]:
    """Package registries (ours by default, and whatever this machine uses) and this machine's folders.

    They are put together here so that this file does not name one either.
    """
    registries = {
        ".".join(parts) for parts in (("pypi", "org"), ("pythonhosted", "org"), ("registry", "npmjs"))
    }
    folders = {f"/{name}/" for name in ("root", "work")}
    for path in (ROOT, Path.home()):
        if len(path.parts) > 2:
            folders.add(f"{path}/")
    return registries | configured_registries() | folders


def configured_registries() -> set[str]:
    """The hosts in this machine's pip configuration."""
    command = [sys.executable, "-m", "pip", "config", "list"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    hosts = re.findall(r"index-url='[a-z]+://(?:[^@/]*@)?([^/:']+)", result.stdout)
    return {host for host in hosts if "." in host}


def test_no_file_names_a_registry_or_this_machine() -> None:
    """What is published must work, and mean something, on any machine."""
    names = foreign_names()
    found = []
    for file in tracked():
        content = file.read_bytes()
        if b"\0" not in content:
            text = content.decode("utf-8", errors="replace")
            found += [f"{file.relative_to(ROOT)}: {name}" for name in names if name in text]

    assert [] == sorted(found)


def test_the_driver_loop_in_the_docs_is_the_one_that_runs() -> None:
    """A listing that has drifted teaches a program that does not exist."""
    shown = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    runs = (ROOT / "guardian/runtime/loop.py").read_text(encoding="utf-8")
    (listing,) = re.findall(r"```python\n(.*?)```", shown, re.DOTALL)

    assert textwrap.indent(listing.strip(), "    ") in runs


PLANTED = """
# A page

See [nothing](nowhere.md), [no heading](#missing), [the heading](#a-page) and [the web](https://example.com).
Run `guardian explode now`.

```sh
$ guardian implode
```
"""


def test_a_false_page_is_found_out() -> None:
    """The test of the tests: dead links and invented commands do not get through."""
    page = Page("README.md", PLANTED)

    assert ["nowhere.md", "#missing"] == broken_links(page)
    assert ["explode", "implode"] == list(page.commands())
    assert [] == list(Page("x.md", "guardian watches; `guardian.yaml` and `guardian` are fine.").commands())


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_says_what_it_does(name: str) -> None:
    """A command that cannot be loaded, or has no help, is not a command."""
    result = CliRunner().invoke(root, [name, "--help"], prog_name="guardian")

    assert 0 == result.exit_code, repr(result.exception)
    assert f"Usage: guardian {name}" in result.output
