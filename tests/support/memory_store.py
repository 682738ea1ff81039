"""A store of objects in memory, as TensorBoard's stand-in for TensorFlow's files takes one.

Like S3 it has no folders: a folder is there where an object's name goes on behind it.
"""

from __future__ import annotations

from typing import Any

from tensorboard.compat.tensorflow_stub import errors
from tensorboard.compat.tensorflow_stub.io import gfile


class StoreError(Exception):
    """An error of the store's own kind, as boto3 has them."""


class MemoryStore:
    """Objects by their whole name, such as "mem://bucket/logs/events"."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.broken: str | None = None  # reading an object with this in its name fails

    def exists(self, filename: Any) -> bool:
        return _text(filename) in self.objects or self.isdir(filename)

    def join(self, path: str, *paths: str) -> str:
        return "/".join([path, *paths])

    def read(
        self,
        filename: Any,
        binary_mode: bool = False,
        size: int | None = None,
        continue_from: Any = None,
    ) -> tuple[Any, Any]:
        name = _text(filename)
        if name not in self.objects:
            raise errors.NotFoundError(None, None, f"no object {name}")
        if self.broken is not None and self.broken in name:
            raise StoreError("the store went away")
        begin = (continue_from or {}).get("at", 0)
        end = None if size is None else begin + size
        content = self.objects[name][begin:end]
        return content if binary_mode else content.decode(), {"at": begin + len(content)}

    def write(self, filename: Any, file_content: Any, binary_mode: bool = False) -> None:
        self.objects[_text(filename)] = file_content if binary_mode else file_content.encode()

    def glob(self, filename: Any) -> list[str]:
        beginning = _text(filename).rstrip("*")
        return sorted(name for name in self.objects if name.startswith(beginning))

    def isdir(self, dirname: Any) -> bool:
        return any(name.startswith(f"{_text(dirname).rstrip('/')}/") for name in self.objects)

    def listdir(self, dirname: Any) -> list[str]:
        folder = f"{_text(dirname).rstrip('/')}/"
        if not self.isdir(dirname):
            raise errors.NotFoundError(None, None, f"no folder {folder}")
        inside = (name[len(folder) :] for name in self.objects if name.startswith(folder))
        return sorted({name.partition("/")[0] for name in inside})

    def makedirs(self, path: Any) -> None:
        """There are no folders."""

    def stat(self, filename: Any) -> gfile.StatData:
        if _text(filename) not in self.objects:
            raise errors.NotFoundError(None, None, f"no object {_text(filename)}")
        return gfile.StatData(len(self.objects[_text(filename)]))


def _text(filename: Any) -> str:
    return filename.decode() if isinstance(filename, bytes) else str(filename)
