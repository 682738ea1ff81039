"""Answers of the routes as HTTP has them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tensorboard.backend import http_util
from werkzeug import wrappers


def encode(content: Mapping[str, Any]) -> bytes:
    """An answer as JSON, in ASCII; a number that is not finite raises."""
    # TensorBoard's own encoder walks every value in Python first, and writes NaN as a text.
    return json.dumps(content, separators=(",", ":"), allow_nan=False).encode("ascii")


def respond_json(request: wrappers.Request, content: Mapping[str, Any]) -> wrappers.Response:
    """An answer that is made for this request."""
    return respond(request, encode(content))


def respond(
    request: wrappers.Request,
    content: bytes,
    *,
    content_type: str = "application/json",
    headers: list[tuple[str, str]] | None = None,
) -> wrappers.Response:
    """An answer that is encoded already; compressed where the browser accepts it."""
    response: wrappers.Response = http_util.Respond(request, content, content_type, headers=headers)
    return response
