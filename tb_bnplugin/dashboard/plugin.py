"""The routes of the "Batch Norm" tab (docs/http_api.md): read-only, each a straight line."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from tensorboard import errors, plugin_util
from tensorboard.plugins import base_plugin
from werkzeug import wrappers

from tb_bnplugin.dashboard import download, requests
from tb_bnplugin.dashboard.analysis import Analyses, Analysis
from tb_bnplugin.dashboard.payload.between import comparisons
from tb_bnplugin.dashboard.payload.columns import HEATMAP_COLUMNS, column
from tb_bnplugin.dashboard.payload.comparison import Side, comparison
from tb_bnplugin.dashboard.payload.curve import LossReader
from tb_bnplugin.dashboard.payload.layer import layer_payload
from tb_bnplugin.dashboard.payload.overview import overview
from tb_bnplugin.dashboard.payload.report import report
from tb_bnplugin.dashboard.payload.rules import rules
from tb_bnplugin.dashboard.payload.runs import runs
from tb_bnplugin.dashboard.payload.scalars import scalars
from tb_bnplugin.dashboard.placement import place
from tb_bnplugin.dashboard.requests import route
from tb_bnplugin.dashboard.responses import encode, respond, respond_json
from tb_bnplugin.logs.program import models_to_compare, runs_of_program
from tb_bnplugin.logs.provider import PLUGIN_NAME, Reader, RunListing, shorten

STATIC: Final[Mapping[str, str]] = {
    "index.js": "text/javascript",
    "style.css": "text/css",
}
"""The only files ever served. Their types are named, since a system's table may hold none."""

_STATIC_FOLDER: Final = Path(__file__).parent / "static"

LISTING_SECONDS: Final = 0.1
"""Time one list of runs may spend on reading runs that are not known yet: the page waits for it."""

OVERVIEW_SECONDS: Final = 0.4
"""Time one answer about some runs may spend on reading them; one run is read all the same."""

OVERVIEW_RUNS: Final = 100
"""Runs that one request may name."""


class BatchNormPlugin(base_plugin.TBPlugin):
    """Shows the modes, statistics and losses that were recorded, and what is wrong."""

    plugin_name = PLUGIN_NAME

    def __init__(self, context: base_plugin.TBContext) -> None:
        self._provider = context.data_provider
        self._analyses = Analyses()

    def get_plugin_apps(self) -> dict[str, Callable[..., Any]]:
        """The routes below `data/plugin/batch_norm`."""
        return {
            "/runs": self.serve_runs,
            "/overview": self.serve_overview,
            "/comparisons": self.serve_comparisons,
            "/report": self.serve_report,
            "/column": self.serve_column,
            "/layer": self.serve_layer,
            "/scalars": self.serve_scalars,
            "/comparison": self.serve_comparison,
            "/rules": self.serve_rules,
            "/download": self.serve_download,
            **{f"/{name}": self.serve_static for name in STATIC},
        }

    def is_active(self) -> bool:
        """False: TensorBoard asks only after it has found no record of this plugin itself."""
        return False

    def frontend_metadata(self) -> base_plugin.FrontendMetadata:
        """The tab, and the module that draws it."""
        return base_plugin.FrontendMetadata(es_module_path="/index.js", tab_name="Batch Norm")

    @route
    def serve_runs(self, request: wrappers.Request) -> wrappers.Response:
        """`Runs`."""
        reader = self._reader(request)
        experiment = plugin_util.experiment_id(request.environ)
        listings = reader.list_runs()
        losses = LossReader(reader, [*listings])
        until = time.monotonic() + LISTING_SECONDS
        for listing in listings.values():
            known = self._analyses.known_row(experiment, listing)
            if (known is None or not known[1]) and time.monotonic() < until:
                self._analyses.row(reader, experiment, listing, losses)
        rows = (
            (listing, self._analyses.known_row(experiment, listing))
            for listing in listings.values()
        )
        return respond_json(
            request,
            runs((listing, None if known is None else known[0].counts) for listing, known in rows),
        )

    @route
    def serve_overview(self, request: wrappers.Request) -> wrappers.Response:
        """`Overview`."""
        names = requests.several(request, "run", OVERVIEW_RUNS)
        reader = self._reader(request)
        experiment = plugin_util.experiment_id(request.environ)
        listings = reader.list_runs(*names)
        losses = LossReader(reader, names)
        until = time.monotonic() + OVERVIEW_SECONDS
        rows, left = [], names
        while left and (left is names or time.monotonic() < until):
            name, *left = left
            if name in listings:  # one that is gone has no row
                rows.append(self._analyses.row(reader, experiment, listings[name], losses))
        return respond(request, overview(rows, left=len(left)))

    @route
    def serve_comparisons(self, request: wrappers.Request) -> wrappers.Response:
        """`Comparisons`."""
        listings = self._reader(request).list_runs()
        experiment = plugin_util.experiment_id(request.environ)
        pairs, left = self._analyses.between.compared(experiment, listings)
        return respond_json(request, comparisons(pairs, left=left))

    @route
    def serve_report(self, request: wrappers.Request) -> wrappers.Response:
        """`Report`."""
        analysis = self._analysis(request, requests.required(request, "run"))
        model = analysis.asked_model(requests.optional(request, "model"))
        name = model.facts.name
        if name not in analysis.reports:
            analysis.reports[name] = encode(
                report(analysis.history, model, analysis.outcomes[name])
            )
        return respond(request, analysis.reports[name])

    @route
    def serve_column(self, request: wrappers.Request) -> wrappers.Response:
        """`Column`."""
        analysis = self._analysis(request, requests.required(request, "run"))
        model = analysis.asked_model(requests.optional(request, "model"))
        columns = {entry.name: entry for entry in HEATMAP_COLUMNS}
        name = requests.required(request, "name")
        if name not in columns:
            raise errors.NotFoundError(
                f"no column {shorten(name)!r}; there are {', '.join(columns)}"
            )
        return respond_json(request, column(model, columns[name]))

    @route
    def serve_layer(self, request: wrappers.Request) -> wrappers.Response:
        """`Layer`."""
        run = requests.required(request, "run")
        analysis = self._analysis(request, run)
        model = analysis.asked_model(requests.optional(request, "model"))
        layer = requests.index(request, "layer", len(model.facts.layers))
        experiment = plugin_util.experiment_id(request.environ)
        channels = self._analyses.channels(self._reader(request), experiment, model, layer)
        return respond_json(request, layer_payload(model, layer, channels))

    @route
    def serve_scalars(self, request: wrappers.Request) -> wrappers.Response:
        """`Scalars`."""
        run = requests.required(request, "run")
        analysis = self._analysis(request, run)
        model = analysis.asked_model(requests.optional(request, "model"))
        series = self._reader(request).read_scalars(runs_of_program(run))
        return respond_json(request, scalars(place(model, series)))

    @route
    def serve_comparison(self, request: wrappers.Request) -> wrappers.Response:
        """`Comparison`."""
        run, other = requests.required(request, "run"), requests.required(request, "other")
        here = self._analysis(request, run)
        model = here.asked_model(requests.optional(request, "model"))
        there = self._analysis(request, other)
        there.asked_model(None)  # refuses a run without any
        pair = models_to_compare(here.history, there.history, model.facts.name)
        sides = (
            Side(model=history, outcomes=analysis.outcomes[history.facts.name])
            for analysis, history in zip((here, there), pair, strict=True)
        )
        return respond_json(request, comparison(*sides))

    @route
    def serve_rules(self, request: wrappers.Request) -> wrappers.Response:
        """`Rules`."""
        return respond_json(request, rules())

    @route
    def serve_download(self, request: wrappers.Request) -> wrappers.Response:
        """Findings or one layer as a file."""
        run = requests.required(request, "run")
        what = requests.choice(request, "what", ("findings", "layer"))
        form = requests.choice(request, "format", ("json", "csv"))
        analysis = self._analysis(request, run)
        model = analysis.asked_model(requests.optional(request, "model"))
        if what == "findings":
            outcomes = analysis.outcomes[model.facts.name]
            file = download.findings(run, model, outcomes, form)
        else:
            layer = requests.index(request, "layer", len(model.facts.layers))
            file = download.layer(run, model, layer, form)
        return respond(
            request,
            file.content,
            content_type=file.content_type,
            headers=[("Content-Disposition", f'attachment; filename="{file.name}"')],
        )

    @route
    def serve_static(self, request: wrappers.Request) -> wrappers.Response:
        """A file of the page: one of two names, never a path."""
        name = next((name for name in STATIC if request.path.endswith(f"/{name}")), None)
        if name is None:
            raise errors.NotFoundError("no such file")
        try:
            content = (_STATIC_FOLDER / name).read_bytes()
        except FileNotFoundError:
            raise errors.NotFoundError(
                "the page of tb_bnplugin is not built; run `make build` in its repository,"
                " or install a released package"
            ) from None
        return respond(request, content, content_type=STATIC[name])

    def _reader(self, request: wrappers.Request) -> Reader:
        return Reader(
            self._provider,
            context=plugin_util.context(request.environ),
            experiment_id=plugin_util.experiment_id(request.environ),
        )

    def _analysis(self, request: wrappers.Request, run: str) -> Analysis:
        reader = self._reader(request)
        listing: RunListing | None = reader.list_runs(run).get(run)
        if listing is None:
            raise errors.NotFoundError(f"no run {shorten(run)!r} with batch norm records")
        return self._analyses.get(reader, plugin_util.experiment_id(request.environ), listing)
