"""A log in a bucket, as docs/integrations.md has it, on a server of this machine.

Not among the tests of `make test`, since boto3, s3fs and moto are in no environment of the
project: `make recipes` makes one and names this file.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer

from tests.conftest import ROOT
from tests.dashboard.server import Server, serve
from tests.docs.integrations import GIVEN, TEXT, UPLOAD, run

(COMMANDS,) = re.findall(r"```sh\n(tb-bnplugin check s3:.*?)```", TEXT, re.DOTALL)
CHECK, TENSORBOARD = (shlex.split(line) for line in COMMANDS.splitlines())
URL = CHECK[-1]
BUCKET = URL.split("/")[2]
# None in sys.modules makes the import of that name fail, as if it were not installed.
WITHOUT = """
import sys

sys.modules.update(dict.fromkeys({names!r}))
from tb_bnplugin.cli import main

sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture(scope="module", autouse=True)
def endpoint() -> Iterator[str]:
    """The address of the server, which everything that runs here finds in its environment."""
    server = ThreadedMotoServer("127.0.0.1", 0)
    server.start()
    address = "http://{}:{}".format(*server.get_host_and_port())
    with pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(name, "testing")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        patch.setenv("AWS_ENDPOINT_URL", address)
        yield address
    server.stop()


@pytest.fixture(scope="module")
def logs(endpoint: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder whose files are in the bucket."""
    boto3.client("s3", endpoint_url=endpoint).create_bucket(Bucket=BUCKET)
    folder: Path = tmp_path_factory.mktemp("local")
    run(GIVEN + UPLOAD, folder)
    return folder / "logs"


def check(path: str | Path, *without: str, endpoint: str = "") -> subprocess.CompletedProcess[str]:
    """Runs `check` where some packages cannot be imported; its JSON is what it prints."""
    program = WITHOUT.format(names=without)
    environment = dict(os.environ)
    if endpoint:
        del environment["AWS_ENDPOINT_URL"]
        environment["S3_ENDPOINT"] = endpoint
    return subprocess.run(
        [sys.executable, "-c", program, "check", str(path), "--format", "json"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("path", "without"),
    [
        (URL, ()),
        (URL, ("tensorflow",)),
        (f"{URL}/", ("tensorflow",)),
        # by s3fs
        (URL, ("boto3",)),
        (URL, ("boto3", "tensorflow")),
        (URL.replace("s3:", "s3a:"), ("tensorflow",)),
    ],
)
def test_check_finds_what_it_finds_in_the_folder(
    logs: Path, path: str, without: tuple[str, ...]
) -> None:
    expected, answer = check(logs), check(path, *without)
    assert '"code": "BN101"' in expected.stdout
    assert (answer.returncode, answer.stdout) == (expected.returncode, expected.stdout)


def test_tensorboards_own_variable_names_the_server_too(logs: Path, endpoint: str) -> None:
    assert check(URL, endpoint=endpoint).stdout == check(logs).stdout


def answers(server: Server) -> list[object]:
    """What the page asks for."""
    (listed,) = server.route("runs").json()["runs"]
    of = {"run": listed["run"], "model": listed["models"][0]}
    overview, report = (server.route(name, **of).json() for name in ("overview", "report"))
    return [listed, overview, report]


@pytest.mark.parametrize("loader", ["--load_fast=auto", "--load_fast=false"])
def test_tensorboard_shows_what_it_shows_of_the_folder(logs: Path, loader: str) -> None:
    with serve(logs, "--load_fast=false", tensorflow=False) as local:
        local.wait_for_log(logs)
        expected = answers(local)
    assert "BN101" in json.dumps(expected)
    with serve(TENSORBOARD[-1], loader, tensorflow=False) as remote:
        remote.wait_for_log(logs)
        assert answers(remote) == expected


@pytest.mark.parametrize(
    ("loader", "words"),
    [
        ("--load_fast=auto", "Unsupported filename scheme 's3'"),
        ("--load_fast=true", 'unknown protocol "s3"'),
    ],
)
def test_tensorboard_refuses_where_tensorflow_is_installed(loader: str, words: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "tensorboard.main", *TENSORBOARD[1:], "--port=0", loader],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == 1
    assert words in ended.stderr


@pytest.mark.parametrize(
    ("path", "without", "words"),
    [
        (URL, ("boto3", "fsspec"), "For s3:// install boto3\n"),
        (URL, ("boto3", "s3fs", "tensorflow"), "For s3:// install boto3\n"),
        (f"s3://{BUCKET}", (), "TensorBoard lists no whole bucket with boto3"),
        (f"s3://{BUCKET}/other", (), f"no such folder: s3://{BUCKET}/other\n"),
        ("s3://nobodys/logs", (), "The specified bucket does not exist)\n"),
    ],
)
def test_check_says_in_a_line_what_it_cannot_read(
    logs: Path, path: str, without: tuple[str, ...], words: str
) -> None:
    answer = check(path, *without)
    assert answer.returncode == 2
    assert words in answer.stderr
    assert answer.stderr.splitlines()[-1].startswith("tb-bnplugin: ")


def test_nothing_is_written_into_a_bucket(tmp_path: Path) -> None:
    program = "import tb_bnplugin\ntb_bnplugin.BatchNormCallback('s3://bucket/logs')\n"
    with pytest.raises(AssertionError, match="'s3' not implemented"):
        run(program, tmp_path)
