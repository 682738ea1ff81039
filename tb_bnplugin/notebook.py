"""`tb_bnplugin.show`: the tab "Batch Norm" inside a notebook."""

from __future__ import annotations

import html
import importlib
import json
import os
import sys
from typing import Any, Final

from tb_bnplugin.errors import NotebookError

_TAB: Final = "batch_norm"

# TensorBoard's own `tensorboard.notebook.display` builds the same frames, without a tab.
_FRAME: Final = """
<iframe id="{frame}" width="100%" height="{height}" frameborder="0"></iframe>
<script>
  (function() {{
    const url = new URL({address}, window.location);
    if ({port}) {{ url.port = {port}; }}
    url.hash = {tab};
    document.getElementById({frame_json}).src = url;
  }})();
</script>
"""
_COLAB: Final = """
(async () => {{
  const url = new URL(await google.colab.kernel.proxyPort({port}, {{'cache': true}}));
  url.searchParams.set('tensorboardColab', 'true');
  url.hash = {tab};
  const frame = document.createElement('iframe');
  frame.src = url;
  frame.width = '100%';
  frame.height = {height};
  frame.frameBorder = 0;
  document.body.appendChild(frame);
}})();
"""


def show(logdir: str | os.PathLike[str], *, height: int = 800) -> None:
    """Open TensorBoard on the tab "Batch Norm" inside a notebook (Jupyter, VS Code, Colab).

    A TensorBoard that already shows the folder is used again. Where the notebook is reached through
    a proxy, set TENSORBOARD_PROXY_URL as for `%tensorboard`.

    Args:
        logdir: the folder that the callback or the loop writes to.
        height: of the frame, in pixels.

    Raises:
        NotebookError: this is no notebook, or TensorBoard is not installed or does not start.

    Example:
        tb_bnplugin.show("logs")
    """
    folder = os.fspath(logdir)
    display = _display_of_notebook(folder)
    port = _serve(folder)
    if "google.colab" in sys.modules:
        script = _COLAB.format(port=port, tab=json.dumps(_TAB), height=int(height))
        display.display(display.Javascript(script))
        return
    proxy = os.environ.get("TENSORBOARD_PROXY_URL")
    frame = f"tb-bnplugin-{port}-{os.urandom(4).hex()}"
    made = _FRAME.format(
        frame=html.escape(frame),
        frame_json=json.dumps(frame),
        height=int(height),
        address=_in_script("/" if proxy is None else proxy.replace("%PORT%", str(port))),
        port=port if proxy is None else 0,
        tab=json.dumps(_TAB),
    )
    display.display(display.HTML(made))


def _display_of_notebook(folder: str) -> Any:
    """The module that shows things in the notebook that runs this."""
    shell = None
    if "IPython" in sys.modules:
        shell = sys.modules["IPython"].get_ipython()
    if shell is None or not ("google.colab" in sys.modules or shell.has_trait("kernel")):
        raise NotebookError(
            "this is no notebook: run `tensorboard --logdir "
            f"{folder}` and open the page that it names, with #{_TAB} at its end"
        )
    return importlib.import_module("IPython.display")


def _serve(folder: str) -> int:
    """The port of a TensorBoard that shows this folder, started where there is none."""
    try:
        from tensorboard import manager
    except ImportError as error:
        raise NotebookError(
            f"TensorBoard cannot be imported: pip install tensorboard ({error})"
        ) from error
    started = manager.start(["--logdir", folder])
    if isinstance(started, (manager.StartLaunched, manager.StartReused)):
        return int(started.info.port)
    said = [getattr(started, name, None) for name in ("stderr", "stdout", "os_error")]
    lines = "\n".join(str(each) for each in said if each).strip().splitlines()
    why = lines[-1] if lines else type(started).__name__
    raise NotebookError(f"TensorBoard did not start: {why}")


def _in_script(text: str) -> str:
    """A text as a literal of JavaScript that cannot end the script."""
    return json.dumps(text).replace("<", "\\u003c")
