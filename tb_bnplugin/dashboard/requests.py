"""The arguments of a request, checked, and the errors TensorBoard answers with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from tensorboard import errors
from werkzeug import wrappers

METHODS = ("GET", "HEAD")


class MethodNotAllowedError(errors.PublicError):
    """A method other than GET and HEAD: nothing here changes anything."""

    http_code = 405

    def __init__(self, method: str) -> None:
        super().__init__(f"Method not allowed: {method}; this route answers GET")
        self.headers.append(("Allow", ", ".join(METHODS)))


def route(
    handler: Callable[[Any, wrappers.Request], wrappers.Response],
) -> Callable[..., wrappers.Response]:
    """A method of the plugin as a WSGI application that answers GET and HEAD only."""

    def checked(plugin: object, request: wrappers.Request) -> wrappers.Response:
        if request.method not in METHODS:
            raise MethodNotAllowedError(request.method)
        return handler(plugin, request)

    # Werkzeug's types know this decorator on functions only; it takes methods as well.
    return wrappers.Request.application(checked)  # type: ignore[arg-type, return-value]


def required(request: wrappers.Request, name: str) -> str:
    """An argument that must be given once."""
    value = optional(request, name)
    if value is None:
        raise errors.InvalidArgumentError(f"the argument `{name}` is missing")
    return value


def optional(request: wrappers.Request, name: str) -> str | None:
    """An argument that may be given once; None where it is not."""
    values = request.args.getlist(name)
    if len(values) > 1:
        raise errors.InvalidArgumentError(
            f"the argument `{name}` is given {len(values)} times; give it once"
        )
    return values[0] if values else None


def several(request: wrappers.Request, name: str, most: int) -> list[str]:
    """An argument that must be given once, and may be given more often."""
    values = list(dict.fromkeys(request.args.getlist(name)))
    if not values:
        raise errors.InvalidArgumentError(f"the argument `{name}` is missing")
    if len(values) > most:
        raise errors.InvalidArgumentError(
            f"the argument `{name}` is given {len(values)} times; give it at most {most} times"
        )
    return values


def choice(request: wrappers.Request, name: str, choices: Sequence[str]) -> str:
    """An argument that must be one of some words."""
    value = required(request, name)
    if value not in choices:
        raise errors.InvalidArgumentError(
            f"the argument `{name}` must be one of {', '.join(choices)}"
        )
    return value


def index(request: wrappers.Request, name: str, length: int) -> int:
    """An argument that counts from 0 and stays below a length.

    Raises:
        InvalidArgumentError: it is no such number.
        NotFoundError: it is, and there is nothing at it.
    """
    value = required(request, name)
    if not (value.isascii() and value.isdigit() and len(value) <= 9):
        raise errors.InvalidArgumentError(f"the argument `{name}` must be a whole number from 0")
    if int(value) >= length:
        raise errors.NotFoundError(f"{name} {int(value)}; there are {length}, counted from 0")
    return int(value)
