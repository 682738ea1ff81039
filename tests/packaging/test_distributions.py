"""sdist and wheel hold what they must, and the wheel works where neither Node nor TensorFlow is."""

from __future__ import annotations

import json
import re
import subprocess
import urllib.request
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.packaging.conftest import Environment

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

PAGE = {f"dashboard/static/{name}" for name in ("index.js", "style.css", "LICENSES.txt")}


def test_sdist_holds_the_page_and_its_source(unpacked: Path) -> None:
    assert all((unpacked / "tb_bnplugin" / part).is_file() for part in PAGE)
    assert (unpacked / "frontend" / "package-lock.json").is_file()
    assert not (unpacked / "frontend" / "node_modules").exists()


def test_wheel_holds_page_proto_and_types(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    wanted = {*PAGE, "py.typed", "schema/plugin_data.proto", "schema/plugin_data_pb2.pyi"}
    assert {f"tb_bnplugin/{part}" for part in wanted} <= names


def test_wheel_holds_the_licences_of_what_is_bundled(wheel: Path, unpacked: Path) -> None:
    text = zipfile.ZipFile(wheel).read("tb_bnplugin/dashboard/static/LICENSES.txt").decode()
    package = json.loads((unpacked / "frontend" / "package.json").read_text("utf-8"))
    for name, version in package["dependencies"].items():
        assert f"{name} {version} (MIT)" in text
    assert "\n@preact/signals-core " in text  # which one of them needs
    assert text.count("Permission is hereby granted") == len(
        re.findall(r"^\S+ \S+ \(MIT\)$", text, re.MULTILINE)
    )


def test_wheel_holds_every_module_and_nothing_else(wheel: Path, unpacked: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    modules = {
        path.relative_to(unpacked).as_posix() for path in unpacked.glob("tb_bnplugin/**/*.py")
    }
    assert modules == {name for name in names if name.endswith(".py")}
    assert {name.split("/")[0].split("-")[0] for name in names} == {"tb_bnplugin"}


def test_wheel_brings_no_tensorflow(installed: Environment) -> None:
    listing = installed.run("python", "-m", "pip", "list", "--format=json").stdout
    names = {package["name"].lower() for package in json.loads(listing)}
    assert "tb-bnplugin" in names
    assert not names & {"tensorflow", "keras", "tf_keras", "tf-keras"}


def test_installed_program_explains_the_rules(installed: Environment) -> None:
    assert "BN101" in installed.run("tb-bnplugin", "rules").stdout
    assert "import keras" in installed.run("tb-bnplugin", "rules", "BN101").stdout


def test_installed_program_says_that_a_folder_holds_no_record(
    installed: Environment, tmp_path: Path
) -> None:
    answer = subprocess.run(
        [str(installed.folder / "bin" / "tb-bnplugin"), "check", str(tmp_path)],
        env=installed.variables(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 2
    assert str(tmp_path) in answer.stderr
    assert "Traceback" not in answer.stderr


@pytest.fixture(scope="module")
def tensorboard_address(
    installed: Environment, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The address of a TensorBoard that runs in the environment, on a port of its own choice."""
    command = [str(installed.folder / "bin" / "tensorboard"), "--port=0", "--host=localhost"]
    logdir = tmp_path_factory.mktemp("logs")
    with subprocess.Popen(
        [*command, f"--logdir={logdir}"],
        env=installed.variables(),
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        try:
            lines = iter(process.stderr.readline, "")  # ends where the process does
            said = re.search(r"http://\S+", next((x for x in lines if "http://" in x), ""))
            assert said is not None, "TensorBoard ended before it told its address"
            yield said.group().rstrip("/")
        finally:
            process.terminate()
            try:
                process.wait(timeout=30)
            except subprocess.TimeoutExpired:  # TensorBoard may miss it while its loader starts
                process.kill()


def fetch(address: str) -> Any:
    with urllib.request.urlopen(address, timeout=30) as response:
        assert response.status == 200
        return response.read()


def test_tensorboard_lists_the_plugin(tensorboard_address: str) -> None:
    listing = json.loads(fetch(f"{tensorboard_address}/data/plugins_listing"))
    assert listing["batch_norm"]["tab_name"] == "Batch Norm"


@pytest.mark.parametrize("part", ["index.js", "style.css"])
def test_tensorboard_serves_the_page(tensorboard_address: str, part: str) -> None:
    assert len(fetch(f"{tensorboard_address}/data/plugin/batch_norm/{part}")) > 1000
