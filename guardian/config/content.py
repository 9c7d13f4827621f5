"""Where content is found: the path as given, then what the package ships, then the source tree.

Law: a name that climbs (`..`) is never looked up in shipped content.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from importlib import resources
from pathlib import Path, PurePath

from guardian.config.values import absolute

PACKAGE = "guardian"
SHIPPED = "_content"


def find(ref: str, base: Path, folder: str) -> Path | None:
    """The first existing file or folder that `ref` names; `folder` is rules or alerts."""
    return next((path for path in candidates(ref, base, folder) if os.path.exists(path)), None)


def candidates(ref: str, base: Path, folder: str) -> Iterator[Path]:
    """Every place where `ref` may be, in order."""
    yield absolute(base, ref)
    if not PurePath(ref).is_absolute() and ".." not in PurePath(ref).parts:
        root = content_root()
        yield root / ref
        yield root / folder / ref


def content_root() -> Path:
    """The folder that holds rules/ and alerts/: inside the wheel, else the source tree."""
    package = Path(str(resources.files(PACKAGE)))
    shipped = package / SHIPPED
    # Beside an installed package lie other people's, so the tree is used only without shipped content.
    return shipped if shipped.is_dir() else package.parent


def names(folder: str) -> list[str]:
    """The packs (or other subfolders) that ship in `folder`."""
    root = content_root() / folder
    return sorted(path.name for path in root.iterdir() if path.is_dir()) if root.is_dir() else []
