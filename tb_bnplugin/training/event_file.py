"""The event file of a writer, and who else has its folder.

A writer of TensorFlow does not say where it writes, and goes on when its file was removed: nobody
can read what it writes then. So the file is found by its growth, and looked for at each record.
"""

from __future__ import annotations

import contextlib
import os
import weakref
from pathlib import Path
from typing import Final

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

_OPEN_FILES: Final = Path("/proc/self/fd")


def event_files(directory: str | None) -> dict[Path, int]:
    """The event files that this process writes, and their bytes.

    Args:
        directory: where to look on a system that does not say which files are open.
    """
    with contextlib.suppress(OSError):
        return _sizes([link.readlink() for link in _OPEN_FILES.iterdir() if link.is_symlink()])
    if directory is None:
        return {}
    mine = f".{os.getpid()}."  # in the name, as TensorFlow makes it
    return _sizes([path for path in Path(directory).glob("*") if mine in path.name])


def grown(before: dict[Path, int], after: dict[Path, int]) -> Path | None:
    """The one file that grew; None where none did, or several did."""
    files = [path for path, size in after.items() if size > before.get(path, 0)]
    return files[0] if len(files) == 1 else None


def _sizes(paths: list[Path]) -> dict[Path, int]:
    sizes = {}
    for path in paths:
        if "tfevents" in path.name:
            with contextlib.suppress(OSError):  # it was removed
                sizes[path] = path.stat().st_size
    return sizes


class Claim:
    """A folder that this process writes to, as long as somebody holds this."""

    def __init__(self, descriptor: int) -> None:
        weakref.finalize(self, os.close, descriptor)


_claims: weakref.WeakValueDictionary[tuple[int, int], Claim] = weakref.WeakValueDictionary()


def claim(folder: Path) -> Claim | None:
    """A claim to a folder; None where another process has one.

    It ends with the process. On a file system that knows no locks everybody gets one.
    """
    descriptor = os.open(folder, os.O_RDONLY)
    status = os.fstat(descriptor)
    key = (status.st_dev, status.st_ino)
    held = _claims.get(key)
    if held is not None:
        os.close(descriptor)
        return held
    try:
        if fcntl is not None:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    except OSError:  # not supported here
        pass
    made = _claims[key] = Claim(descriptor)
    return made
