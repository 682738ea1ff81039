"""The options of a test: the codes that it expects, and the severity that fails it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from tb_bnplugin.failing import FAIL_ON

_ARGUMENTS: Final = ("expect", "fail_on")


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """The options of one test, of its marker, the command line or the ini file."""

    expect: tuple[str, ...] = ()  # codes of rules whose findings are meant
    fail_on: str = "warning"

    @property
    def failing(self) -> tuple[str, ...]:
        """Severities of findings that fail the test."""
        return FAIL_ON[self.fail_on]

    @classmethod
    def of(cls, item: Any) -> Wanted:
        """The options of a pytest item: `expect` of all its markers, `fail_on` of the closest.

        Raises:
            ValueError: an argument of a marker or the ini value is wrong.
        """
        expect: dict[str, None] = {}
        given: list[str] = []
        for marker in item.iter_markers("batch_norm"):
            wrong = [
                *map(repr, marker.args),
                *(key for key in marker.kwargs if key not in _ARGUMENTS),
            ]
            if wrong:
                raise ValueError(
                    "the marker `batch_norm` takes expect=(codes) and fail_on=..., by name;"
                    f" received {', '.join(wrong)}"
                )
            codes = marker.kwargs.get("expect", ())
            expect.update(dict.fromkeys((codes,) if isinstance(codes, str) else codes))
            given.append(marker.kwargs.get("fail_on") or "")
        config = item.config
        choices = [
            *given,
            config.getoption("batch_norm_fail_on"),
            config.getini("batch_norm_fail_on"),
        ]
        fail_on = next((each for each in choices if each), "warning")
        if fail_on not in FAIL_ON:
            names = ", ".join(f'"{each}"' for each in FAIL_ON)
            raise ValueError(f"batch_norm: fail_on must be {names}; received {fail_on!r}")
        return cls(expect=tuple(expect), fail_on=fail_on)
