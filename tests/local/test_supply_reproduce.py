"""The same input makes the same image, and what differs between two builds is named."""

import os
import re
from pathlib import Path

import pytest
from supply_layout import layer, layout

from local.images import build, catalogue
from local.images.layout import differences
from local.images.reproduce import SHOWN, Row
from local.images.store import Store

pytestmark = pytest.mark.unit


BASE = layer({"etc/os-release": "Debian"})


@pytest.mark.parametrize(
    ("other", "user", "named"),
    [
        ([BASE, layer({"a": "1", "b": "2"})], "65534", []),
        ([BASE, layer({"a": "1", "b": "3"})], "65534", ["layer 2: b (content)"]),
        ([BASE, layer({"a": "1", "b": "2"}, modified=1)], "65534", ["layer 2: a (mtime)", "layer 2: b (mtime)"]),
        ([BASE, layer({"a": "1"})], "65534", ["layer 2: b is only in the first"]),
        (
            [BASE, layer({"b": "2", "a": "1"})],
            "65534",
            ["layer 2: the order of its files, or how it is compressed"],
        ),
        ([BASE], "65534", ["layer 2 is only in one of them"]),
        ([BASE, layer({"a": "1", "b": "2"})], "0", ["configuration: config"]),
    ],
    ids=["nothing", "content", "time", "a file", "order", "a layer", "user"],
)
def test_what_differs_between_two_builds_is_named(
    other: list[bytes], user: str, named: list[str], tmp_path: Path
) -> None:
    first = layout(tmp_path / "1", BASE, layer({"a": "1", "b": "2"}))
    assert differences(first, layout(tmp_path / "2", *other, user=user)) == named


def test_the_size_is_that_of_the_compressed_layers(tmp_path: Path) -> None:
    other = layer({"a": "a" * 100_000})
    assert layout(tmp_path, BASE, other).compressed_bytes == len(BASE) + len(other) < 1000


def test_a_row_shows_the_first_differences_and_counts_the_rest() -> None:
    assert Row("redis", "sha256:0", 10**6).text().endswith("1.0 MB  the same twice")
    shown = Row("redis", "sha256:0", 10**6, tuple(f"file {number}" for number in range(SHOWN + 2))).text()
    assert "DIFFERS" in shown and f"file {SHOWN - 1}\n" in shown and shown.endswith("and 2 more")


@pytest.mark.skipif(os.geteuid() != 0, reason="buildah's store needs root, as the embedded cluster does")
def test_an_image_built_twice_has_one_digest_whatever_the_time_and_its_files_times(tmp_path: Path) -> None:
    digests = []
    for number in (1, 2):
        store = Store(tmp_path / str(number))
        context = store.empty_context("small")
        (context / "Containerfile").write_text("FROM scratch\nCOPY file /\nENV A=b\nUSER 5:5\n")
        (context / "file").write_text("the same")
        os.utime(context / "file", (number, number))
        store.build("localhost/web4/small:1", context / "Containerfile", context, f"small-{number}")
        assert store.names() == {"localhost/web4/small:1"}
        digests.append(store.layout("localhost/web4/small:1", tmp_path / f"layout-{number}").digest)
        with store.mounted("localhost/web4/small:1") as root:
            assert (root / "file").read_text() == "the same"
    assert digests[0] == digests[1]


def test_a_later_day_makes_every_image_again(monkeypatch: pytest.MonkeyPatch) -> None:
    before = {"base": catalogue.base_reference()} | {
        image.name: catalogue.reference(image) for image in build.debian_images()
    }
    monkeypatch.setattr(catalogue, "DAY", catalogue.DAY.replace(year=catalogue.DAY.year + 1))
    after = {"base": catalogue.base_reference()} | {
        image.name: catalogue.reference(image) for image in build.debian_images()
    }
    assert all(before[name] != after[name] for name in before) and len(before) > 5


@pytest.mark.parametrize("image", [image for image in build.catalogue() if image.on_base], ids=lambda image: image.name)
def test_what_is_installed_on_the_base_knows_its_day_and_leaves_neither_caches_nor_logs(image: catalogue.Image) -> None:
    stages = image.containerfile.read_text().split("FROM ${BASE}")[1:]
    assert all("\nARG SOURCE_DATE_EPOCH\n" in stage for stage in stages)
    cleaned = re.search(r"&& rm -rf /var/lib/apt/lists/\* /var/cache/\*", stages[-1])
    assert cleaned and re.search(r"/var/log/\*|find /var/log -type f -delete", stages[-1])
