"""The tab inside a notebook: which frame it is shown in, and what is said where there is none."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from tensorboard import manager

import tb_bnplugin


class Notebook:
    """Stands for IPython: it keeps what is displayed."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *traits: str) -> None:
        self.shown: list[tuple[str, str]] = []
        package: Any = ModuleType("IPython")
        shell = SimpleNamespace(has_trait=lambda name: name in traits)
        package.get_ipython = lambda: shell
        package.display = ModuleType("IPython.display")
        package.display.HTML = lambda text: ("html", text)
        package.display.Javascript = lambda text: ("javascript", text)
        package.display.display = self.shown.append
        monkeypatch.setitem(sys.modules, "IPython", package)
        monkeypatch.setitem(sys.modules, "IPython.display", package.display)


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The arguments with which TensorBoard was started: it answers that it serves port 6123."""
    arguments: list[Any] = []

    def start(given: Any) -> Any:
        arguments.append(given)
        return manager.StartLaunched(info=SimpleNamespace(port=6123))

    monkeypatch.setattr(manager, "start", start)
    monkeypatch.delenv("TENSORBOARD_PROXY_URL", raising=False)
    return arguments


def test_the_frame_shows_the_tab(
    monkeypatch: pytest.MonkeyPatch, started: list[Any], tmp_path: Path
) -> None:
    notebook = Notebook(monkeypatch, "kernel")
    tb_bnplugin.show(tmp_path, height=500)
    assert started == [["--logdir", str(tmp_path)]]
    ((kind, html),) = notebook.shown
    assert kind == "html"
    frame = re.search(r'<iframe id="([^"]+)" width="100%" height="500"', html)
    assert frame is not None
    assert f'document.getElementById("{frame[1]}").src = url' in html
    assert 'new URL("/", window.location)' in html
    assert "url.port = 6123" in html
    assert 'url.hash = "batch_norm"' in html


def test_a_proxy_keeps_its_own_port(
    monkeypatch: pytest.MonkeyPatch, started: list[Any], tmp_path: Path
) -> None:
    notebook = Notebook(monkeypatch, "kernel")
    monkeypatch.setenv("TENSORBOARD_PROXY_URL", "/proxy/%PORT%/</script>")
    tb_bnplugin.show(tmp_path)
    ((_, html),) = notebook.shown
    assert 'new URL("/proxy/6123/\\u003c/script>", window.location)' in html
    assert "if (0)" in html
    assert html.count("</script>") == 1


def test_colab_reaches_the_port_through_its_kernel(
    monkeypatch: pytest.MonkeyPatch, started: list[Any], tmp_path: Path
) -> None:
    notebook = Notebook(monkeypatch)
    monkeypatch.setitem(sys.modules, "google.colab", ModuleType("google.colab"))
    tb_bnplugin.show(tmp_path)
    ((kind, script),) = notebook.shown
    assert kind == "javascript"
    assert "google.colab.kernel.proxyPort(6123, {'cache': true})" in script
    assert 'url.hash = "batch_norm"' in script


@pytest.mark.parametrize("shell", ["none", "terminal"])
def test_outside_of_a_notebook_it_says_what_to_do(
    shell: str, monkeypatch: pytest.MonkeyPatch, started: list[Any], tmp_path: Path
) -> None:
    if shell == "terminal":
        Notebook(monkeypatch)
    with pytest.raises(
        tb_bnplugin.NotebookError, match=r"no notebook: .*tensorboard --logdir"
    ) as e:
        tb_bnplugin.show(tmp_path)
    assert "#batch_norm" in str(e.value)
    assert started == []  # no server is left behind


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (manager.StartFailed(exit_code=1, stdout="", stderr="a\nno such port"), "no such port"),
        (
            manager.StartExecFailed(os_error=OSError(2, "no program"), explicit_binary=None),
            "no program",
        ),
        (manager.StartTimedOut(pid=1), "StartTimedOut"),
    ],
)
def test_a_server_that_does_not_start_is_told(
    answer: Any, text: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    Notebook(monkeypatch, "kernel")
    monkeypatch.setattr(manager, "start", lambda arguments: answer)
    with pytest.raises(tb_bnplugin.NotebookError, match=f"did not start: .*{text}"):
        tb_bnplugin.show(tmp_path)


def test_without_tensorboard_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    Notebook(monkeypatch, "kernel")
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    with pytest.raises(tb_bnplugin.NotebookError, match="pip install tensorboard"):
        tb_bnplugin.show(tmp_path)
