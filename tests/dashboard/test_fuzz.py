"""Whatever a log of a right structure holds, it is read, judged and shown without a crash.

`make bench` does the same with 100,000 records.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given, settings
from tensorboard.backend import application
from tensorboard.backend.event_processing.data_provider import MultiplexerDataProvider
from tensorboard.backend.event_processing.plugin_event_multiplexer import EventMultiplexer
from tensorboard.plugins import base_plugin
from werkzeug import test

from tb_bnplugin.dashboard.plugin import BatchNormPlugin
from tb_bnplugin.history.build import build_run
from tb_bnplugin.logs.folder import LogFolder
from tb_bnplugin.schema.records import Record
from tests.dashboard.validate import validate
from tests.dashboard.write_log import event_of, frame
from tests.support.hostile import hostile_events, hostile_records
from tests.support.judging_logs import make_everything

ROUTES = (
    "runs",
    "report?run=.",
    "column?run=.&name=moving_variance",
    "layer?run=.&layer=0",
    "scalars?run=.",
    "comparison?run=.&other=.",
    "download?run=.&what=findings&format=csv",
    "download?run=.&what=layer&layer=1&format=json",
)


@settings(max_examples=250)
@given(hostile_records())
def test_records(records: list[Record]) -> None:
    reports = make_everything(build_run("run", records), records)
    for report in reports[:1]:
        validate(report, "Report")


@settings(max_examples=100)
@given(hostile_events())
def test_event_files(events: list[bytes]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        write(folder, events)
        log = LogFolder(folder)
        for run, listing in log.list_runs().items():
            records, notes = log.read_records(listing)
            make_everything(build_run(run, records, (*listing.notes, *notes)), records)


@settings(max_examples=25)
@given(hostile_records())  # at a damaged event TensorBoard's own loader in Python stops
def test_routes(records: list[Record]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        write(folder, [event_of(record).SerializeToString() for record in records])
        multiplexer = EventMultiplexer().AddRunsFromDirectory(folder).Reload()
        provider = MultiplexerDataProvider(multiplexer, folder)
        plugin = BatchNormPlugin(base_plugin.TBContext(data_provider=provider))
        client = test.Client(application.TensorBoardWSGI([plugin], data_provider=provider))
        for route in ROUTES:
            answer = client.get(f"/data/plugin/batch_norm/{route}")
            assert answer.status_code in {200, 404}, (route, answer.text[:300])
            assert "bug in tb_bnplugin" not in answer.text
            assert '"crashed"' not in answer.text
        answer = client.get("/data/plugin/batch_norm/overview?run=.")
        assert "cannot be read now" not in answer.text
        assert "bug in tb_bnplugin" not in answer.text
        overview = answer.get_json()
        validate(overview, "Overview")
        assert [row["crashed"] for row in overview["rows"]] in ([], [0])


def write(folder: str, events: list[bytes]) -> None:
    path = Path(folder, "events.out.tfevents.1.host.test")
    path.write_bytes(b"".join(frame(content) for content in events))
