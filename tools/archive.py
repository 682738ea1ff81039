"""An archive of a folder that holds the same bytes wherever and whenever it is made."""

from __future__ import annotations

import gzip
import os
import tarfile
import time
from pathlib import Path


def build_time() -> int:
    """Seconds since the epoch: SOURCE_DATE_EPOCH, the present time without it."""
    return int(os.environ.get("SOURCE_DATE_EPOCH") or time.time())


def write_archive(target: Path, folder: Path, modified: int) -> None:
    """Write a .tar.gz of the folder: sorted, of one time, without owners, and with plain modes."""
    with (
        target.open("wb") as file,
        gzip.GzipFile("", "wb", fileobj=file, mtime=modified) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive,
    ):
        for path in (folder, *sorted(folder.rglob("*"))):
            entry = archive.gettarinfo(path, path.relative_to(folder.parent).as_posix())
            entry.mtime = modified
            entry.uid = entry.gid = 0
            entry.uname = entry.gname = ""
            entry.mode = 0o755 if entry.isdir() or entry.mode & 0o100 else 0o644
            if entry.isfile():
                with path.open("rb") as content:
                    archive.addfile(entry, content)
            else:
                archive.addfile(entry)
