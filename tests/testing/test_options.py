"""The options of a test: markers, the command line, the ini file."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from tb_bnplugin.testing.options import Wanted


def item(*markers: Any, option: str | None = None, ini: str = "warning") -> Any:
    """Stands for a test with these markers, the closest first."""
    config = SimpleNamespace(getoption=lambda name: option, getini=lambda name: ini)
    return SimpleNamespace(
        iter_markers=lambda name: [marker.mark for marker in markers], config=config
    )


def mark(*values: Any, **options: Any) -> Any:
    """A marker, made without asking the pytest that runs this, which may not have the plugin."""
    return SimpleNamespace(mark=pytest.Mark("batch_norm", values, options, _ispytest=True))


@pytest.mark.parametrize(
    ("asked", "fail_on"),
    [
        (item(), "warning"),
        (item(ini="never"), "never"),
        (item(option="error", ini="never"), "error"),
        (item(mark(fail_on="warning"), mark(fail_on="never"), option="error"), "warning"),
        (item(mark(expect=["BN104"]), mark(fail_on="never"), option="error"), "never"),
    ],
)
def test_the_closest_severity_counts(asked: Any, fail_on: str) -> None:
    assert Wanted.of(asked).fail_on == fail_on


def test_codes_of_all_markers_are_expected() -> None:
    asked = item(mark(expect="BN104"), mark(expect=["BN203", "BN104"]))
    assert Wanted.of(asked).expect == ("BN104", "BN203")


@pytest.mark.parametrize(
    ("fail_on", "severities"),
    [("error", ("error",)), ("warning", ("error", "warning")), ("never", ())],
)
def test_a_severity_fails_with_all_that_are_worse(
    fail_on: str, severities: tuple[str, ...]
) -> None:
    assert Wanted(fail_on=fail_on).failing == severities


@pytest.mark.parametrize(
    ("asked", "text"),
    [
        (item(mark("BN104")), "by name; received 'BN104'"),
        (item(mark(allow=["BN104"])), "received allow"),
        (item(mark(fail_on="info")), "fail_on must be .* received 'info'"),
        (item(ini="all"), "received 'all'"),
    ],
)
def test_wrong_options_are_named(asked: Any, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        Wanted.of(asked)
