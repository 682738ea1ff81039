"""Log folders in stores, such as `s3://bucket/logs`, by the file access of TensorBoard.

TensorBoard takes that of TensorFlow where it is installed, and otherwise a stand-in of its own,
which reads with boto3 and fsspec. Here the stand-in also reads what TensorFlow does not know.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from contextlib import suppress
from typing import IO, Any, Final

from tb_bnplugin.errors import LogFolderError
from tb_bnplugin.logs.provider import shorten
from tb_bnplugin.printed import error_line

_MARK: Final = "://"


def is_remote(path: str) -> bool:
    """Return True of a URL."""
    return _MARK in path


def normalize(path: str) -> str:
    """The URL of a folder without slashes at its end, which stores take for names."""
    scheme, mark, rest = path.partition(_MARK)
    return scheme + mark + rest.rstrip("/")


def walk(path: str) -> Iterator[tuple[str, list[str], list[str]]]:
    """As `os.walk`, for a URL.

    Raises:
        LogFolderError: it does not exist, is no folder, or cannot be listed.
    """
    files = _find_access(path)
    _check(files, path)
    return _walk(files, path)


def open_remote(file: str) -> IO[bytes]:
    """A file to read, by its URL."""
    stream: IO[bytes] = _find_access(file).GFile(file, "rb")
    return stream


def first_line(error: Exception) -> str:
    """An error of a store in one line."""
    return shorten(error_line(error), 200)


def _find_access(path: str) -> Any:
    """The `gfile` that knows the scheme; TensorFlow is imported where it is installed."""
    from tensorboard.compat import tf
    from tensorboard.compat.tensorflow_stub.io import gfile as stand_in

    scheme = path.partition(_MARK)[0]
    schemes = getattr(tf.io.gfile, "get_registered_schemes", None)  # TensorFlow's own has it
    if schemes is not None:
        if scheme not in schemes():
            with suppress(ImportError):  # as TensorBoard does: it adds s3:// and others
                importlib.import_module("tensorflow_io")
        if scheme in schemes():
            return tf.io.gfile
    try:
        store = stand_in.get_filesystem(path)
    except (ImportError, ValueError) as error:  # a package is missing, or nobody knows it
        package = "boto3" if scheme == "s3" else "fsspec and its package for this store"
        raise LogFolderError(
            f"cannot read {path} ({first_line(error)}). For {scheme}:// install {package}"
        ) from error
    if isinstance(store, stand_in.S3FileSystem) and "/" not in path.partition(_MARK)[2]:
        raise LogFolderError(
            f"cannot read {path}: TensorBoard lists no whole bucket with boto3;"
            f" give a folder in it, such as {path}/logs"
        )
    return stand_in


def _check(files: Any, path: str) -> None:
    try:
        if files.isdir(path):
            return
        files.exists(path)  # `isdir` of TensorFlow says False of all that it cannot reach
    except Exception as error:  # each store has errors of its own
        if _is_missing(error):
            raise LogFolderError(f"no such folder: {path}") from error
        raise LogFolderError(f"cannot read {path} ({first_line(error)})") from error
    raise LogFolderError(f"no such folder: {path}")


def _walk(files: Any, path: str) -> Iterator[tuple[str, list[str], list[str]]]:
    """As `gfile.walk`; a store that fails in the middle is an error of the folder."""
    try:
        yield from files.walk(path)
    except Exception as error:
        raise LogFolderError(f"cannot read {path} ({first_line(error)})") from error


def _is_missing(error: Exception) -> bool:
    """Return True of the `NotFoundError` of TensorFlow, or that of TensorBoard's stand-in."""
    return isinstance(error, FileNotFoundError) or type(error).__name__ == "NotFoundError"
