"""What the line tells that began a training."""

from __future__ import annotations

import pytest

from tb_bnplugin.keras.lines.begun import begun
from tests.support.programs import program, seen

HELPER = "def train(m):\n    m.fit(x)\n"


@pytest.mark.parametrize(
    ("by", "text", "lines", "expected"),
    [
        ("watch", "watch(server)", (1,), [("model", "server", 1)]),
        ("watch", "bn.watch(optimizer=o, model=self.net)", (1,), [("model", "self.net", 1)]),
        ("fit", "net.fit(x)", (1,), [("model", "net", 1)]),
        (
            "fit",
            "net.fit(\n    x,\n    shuffle=False)",
            (1,),
            [("shuffle", "false", 3), ("model", "net", 1)],
        ),
        ("fit", f"{HELPER}train(client)", (2, 3), [("model", "client", 3)]),
        ("fit", "net.fit(x, shuffle=mixed)", (1,), [("model", "net", 1)]),
        ("fit", "net.fit(x, shuffle=True)", (1,), [("model", "net", 1)]),
        ("fit", "net.evaluate(x, shuffle=False)", (1,), []),
        ("fit", f"{HELPER}train(*given)", (2, 3), []),
        ("fit", "a.fit(x), b.fit(x, shuffle=False)", (1,), []),
        ("watch", "watch()", (1,), []),
    ],
)
def test_the_model_and_the_order_of_rows(
    by: str, text: str, lines: tuple[int, ...], expected: list[tuple[str, str, int]]
) -> None:
    program(text)
    found = [(kind, value, number) for kind, value, _, number in begun(by, seen(*lines))]
    assert found == expected
