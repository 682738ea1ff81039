"""The bytes of an archive depend on names, contents and what may be run, on nothing else."""

from __future__ import annotations

import os
import tarfile
from pathlib import Path

import pytest
from archive import build_time, write_archive

MODIFIED = 1_700_000_000


def archive_of(
    base: Path, files: dict[str, str], *, mode: int = 0o644, at: float = 0.0, also: int = MODIFIED
) -> Path:
    """An archive of a folder that holds the files, written in their order."""
    folder = base / "made"
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
        path.chmod(mode)
        os.utime(path, (at, at))
    target = base / "made.tar.gz"
    write_archive(target, folder, also)
    return target


FILES = {"b/two.txt": "two", "a.txt": "one", "b/one.txt": "three"}


@pytest.fixture
def first(tmp_path: Path) -> bytes:
    return archive_of(tmp_path / "first", FILES).read_bytes()


def test_order_times_and_plain_modes_make_no_difference(tmp_path: Path, first: bytes) -> None:
    turned = dict(reversed(FILES.items()))
    other = archive_of(tmp_path / "other", turned, mode=0o600, at=1e9)
    assert other.read_bytes() == first


@pytest.mark.parametrize(
    ("files", "how"),
    [
        (FILES | {"a.txt": "another"}, {}),
        (FILES | {"c.txt": ""}, {}),
        (FILES, {"mode": 0o755}),
        (FILES, {"also": MODIFIED + 1}),
    ],
)
def test_contents_names_programs_and_the_time_do(
    tmp_path: Path, first: bytes, files: dict[str, str], how: dict[str, int]
) -> None:
    assert archive_of(tmp_path / "other", files, **how).read_bytes() != first


def test_it_is_a_tar_of_the_folder(tmp_path: Path) -> None:
    with tarfile.open(archive_of(tmp_path, FILES)) as archive:
        read = {
            entry.name: archive.extractfile(entry).read().decode()  # type: ignore[union-attr]
            for entry in archive
            if entry.isfile()
        }
        assert {entry.mtime for entry in archive} == {MODIFIED}
    assert read == {f"made/{name}": content for name, content in FILES.items()}


def test_the_time_is_that_of_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "12")
    assert build_time() == 12
    monkeypatch.delenv("SOURCE_DATE_EPOCH")
    assert build_time() > MODIFIED
