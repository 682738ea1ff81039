from __future__ import annotations

import pytest

from tb_bnplugin.cli import main
from tb_bnplugin.diagnose import COMPARISONS, RULES, explain


def test_every_rule_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules"]) == 0
    printed = capsys.readouterr().out
    for rule in (*RULES, *COMPARISONS):
        assert f"{rule.RULE.code}  {rule.RULE.name}" in printed


@pytest.mark.parametrize("code", ["BN101", "bn101"])
def test_rule_is_explained_in_full(capsys: pytest.CaptureFixture[str], code: str) -> None:
    assert main(["rules", code]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    for section in explain(code).sections:
        assert section.title in printed
        assert " ".join(section.text.split()) in printed


def test_code_in_an_explanation_keeps_its_lines(capsys: pytest.CaptureFixture[str]) -> None:
    main(["rules", "BN101"])
    assert "      with tf.GradientTape() as tape:\n" in capsys.readouterr().out


def test_programs_follow_with_the_lines_that_cure_them(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules", "BN106"]) == 0
    printed = capsys.readouterr().out
    example = explain("BN106").examples.programs[0]
    assert "Example with `fit`, on Keras 3 only\n" in printed
    assert "\n".join(f"    {line}".rstrip() for line in example.faulty.splitlines()) in printed
    assert "\n  -     def call(self, x):\n" in printed
    assert "\n  +     def call(self, x, training=None):\n" in printed


def test_unknown_rule_gives_2_and_the_codes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules", "BN999"]) == 2
    assert "the codes are BN101" in capsys.readouterr().err
