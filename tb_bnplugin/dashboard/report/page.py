"""The HTML file: the page that TensorBoard loads, its style and its answers, nothing beside."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tb_bnplugin.dashboard.analysis import analyze_run
from tb_bnplugin.dashboard.report.about import About
from tb_bnplugin.dashboard.report.budget import BYTES
from tb_bnplugin.dashboard.report.collect import collect
from tb_bnplugin.dashboard.report.ledgers import ledgers
from tb_bnplugin.errors import PageNotBuiltError
from tb_bnplugin.history.model import RunHistory
from tb_bnplugin.logs.whole_folder import WholeLogFolder

ANSWERS_ID: Final = "batch-norm-report"
"""Of the element that holds the answers: frontend/src/embedded.ts looks for it."""

_STATIC: Final = Path(__file__).parent.parent / "static"

# The policy lets the file load nothing, whatever a name in the log holds.
_PAGE: Final = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'unsafe-inline';\
 style-src 'unsafe-inline'; img-src data: blob:">
<title>Batch Norm</title>
<style>{style}</style>
</head>
<body>
<noscript>This report of tb_bnplugin is drawn by its own script: allow it to run.</noscript>
<script type="application/json" id="{name}">{answers}</script>
<script type="module">{script}</script>
</body>
</html>
"""


def report_page(
    folder: WholeLogFolder, histories: Sequence[RunHistory], about: About, limit: int = BYTES
) -> str:
    """The page of a log folder as one HTML file.

    Args:
        folder: the log.
        histories: its runs that the page shows.
        about: what the page says of the file.
        limit: bytes of the answers.

    Raises:
        PageNotBuiltError: this is a checkout of the repository without its page.
    """
    analyses = [analyze_run(history) for history in histories]
    texts, left_out, shown = collect(folder, analyses, limit)
    held, no_ledgers = ledgers(shown)
    said = json.dumps(
        {
            "version": about.version,
            "written": about.written,
            "notes": [*about.notes, *left_out, *no_ledgers],
        }
    )
    answers = f'{{"about":{said},"ledgers":{json.dumps(held)},"answers":[{",".join(texts)}]}}'
    return _PAGE.format(
        style=_static("style.css").replace("</", "<\\/"),
        name=ANSWERS_ID,
        # In JSON only texts hold it, and there it can be escaped.
        answers=answers.replace("<", "\\u003c"),
        script=_static("index.js").replace("</script", "<\\/script").replace("<!--", "<\\!--"),
    )


def _static(name: str) -> str:
    try:
        return (_STATIC / name).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise PageNotBuiltError(
            "the page of tb_bnplugin is not built: run `make build` in its repository, or install"
            " a released package"
        ) from None
