"""The one address of the project: links of the package, and of README where it is elsewhere."""

from __future__ import annotations

import re

import pytest
from home import absolute_links, project_urls

from tests.conftest import ROOT

HOME = "https://example.org/somebody/something"
README = (ROOT / "README.md").read_text("utf-8")


def links(text: str) -> list[str]:
    return re.findall(r"\]\(([^)\s]+)\)", text)


def test_every_link_of_readme_becomes_absolute() -> None:
    before, after = links(README), links(absolute_links(README, HOME))
    assert len(before) == len(after) > 10
    assert [link for link in after if not link.startswith(("https://", "#"))] == []


def test_nothing_but_links_changes() -> None:
    changed = absolute_links(README, HOME)
    assert changed != README
    assert re.sub(rf"{HOME}/(?:blob|raw)/HEAD/", "", changed) == README


@pytest.mark.parametrize(
    ("text", "absolute"),
    [
        ("[rules](docs/rules/README.md)", f"[rules]({HOME}/blob/HEAD/docs/rules/README.md)"),
        ("![tab](docs/page.png)", f"![tab]({HOME}/raw/HEAD/docs/page.png)"),
        ("[below](#install)", "[below](#install)"),
        ("[Keras](https://keras.io)", "[Keras](https://keras.io)"),
        ("[mail](mailto:a@example.org)", "[mail](mailto:a@example.org)"),
        ("model(x[0], callbacks=[one, two])", "model(x[0], callbacks=[one, two])"),
    ],
)
def test_a_link_leads_to_the_repository(text: str, absolute: str) -> None:
    assert absolute_links(text, HOME) == absolute


def test_without_an_address_nothing_is_made_up() -> None:
    assert absolute_links(README, None) == README
    assert project_urls(None) == {}


def test_links_of_the_package_lead_to_files_that_exist() -> None:
    urls = project_urls(HOME)
    assert urls["Homepage"] == HOME
    named = [url.partition("/blob/HEAD/")[2] for url in urls.values() if "/blob/" in url]
    assert named
    assert all((ROOT / name).is_file() for name in named)
