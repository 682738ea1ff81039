"""The hooks and the fixture that pytest loads: `tb_bnplugin` of the entry points `pytest11`.

Every pytest run of whoever installed the package imports this module, so it imports nothing heavy,
and it does nothing in a test that does not ask for the fixture.
"""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Any, Final

import pytest

from tb_bnplugin.failing import FAIL_ON
from tb_bnplugin.testing.options import Wanted
from tb_bnplugin.testing.watched import BatchNorm

_WATCHED: Final = pytest.StashKey[BatchNorm]()

MARKER: Final = (
    "batch_norm(expect=(), fail_on=None): of a test with the fixture `batch_norm`: codes of rules"
    ' whose findings are meant, and the least severity that fails it ("error", "warning", "never")'
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """The option and the ini value of the least severity that fails a test."""
    text = "least severity of a finding that fails a test with the fixture `batch_norm`"
    parser.getgroup("tb_bnplugin").addoption(
        "--batch-norm-fail-on", choices=tuple(FAIL_ON), default=None, help=text
    )
    parser.addini("batch_norm_fail_on", f"{text}: {', '.join(FAIL_ON)}", default="warning")


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line("markers", MARKER)


@pytest.fixture
def batch_norm(request: pytest.FixtureRequest, tmp_path: Path) -> Generator[BatchNorm, None, None]:
    """Watch a training: `batch_norm.callback()` for `fit`, `batch_norm.watch(model)` for a loop.

    What is wrong with the training fails the test, once its own lines have passed.
    """
    try:
        wanted = Wanted.of(request.node)
    except ValueError as error:
        pytest.fail(str(error), pytrace=False)
    watched = BatchNorm(tmp_path, wanted)
    request.node.stash[_WATCHED] = watched
    yield watched
    watched.close()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, None]:
    """Fail a test that has passed where its training has findings, or where it watched none."""
    result = yield
    watched = item.stash.get(_WATCHED, None)
    if watched is None or result.excinfo is not None:
        return
    try:
        wrong = watched.wrong()
    except Exception as error:  # noqa: BLE001  # it fails the test, and no other
        result.force_exception(error)
        return
    if wrong is not None:
        result.force_exception(pytest.fail.Exception(wrong, pytrace=False))


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, Any, None]:
    """Add the findings to the report of a test whose own lines failed: they may be the reason."""
    result = yield
    watched = item.stash.get(_WATCHED, None)
    if watched is None or call.when != "call" or call.excinfo is None:
        return
    if watched.was_judged or call.excinfo.errisinstance(pytest.skip.Exception):
        return
    found = watched.report()
    if found:
        result.get_result().sections.append(("Batch norm findings", found))
