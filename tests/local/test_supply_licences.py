"""What an SBOM says, and which licences are agreed to."""

import json
from pathlib import Path

import pytest

from local.supply import licences
from local.supply.components import Component, components
from local.tools import licences as texts
from local.tools.licences import read_stream

pytestmark = pytest.mark.unit

SBOM = {
    "components": [
        {"type": "operating-system", "name": "debian"},
        {
            "purl": "pkg:deb/debian/redis-server@5%3A7.0.15-1?arch=amd64",
            "licenses": [{"license": {"name": "BSD-3-clause"}}, {"license": {"id": "LGPL-2.1-only"}}],
        },
        {
            "purl": "pkg:golang/github.com/Azure/azure-sdk-for-go@v1.2.3#sdk/azcore",
            "licenses": [{"license": {"id": "MIT"}}, {"license": {"id": "MIT"}}],
        },
        {"purl": "pkg:pypi/httpx@0.28.1", "licenses": [{"expression": "BSD-3-Clause OR MIT"}]},
        {"purl": "pkg:pypi/httpx@0.28.1", "licenses": [{"expression": "BSD-3-Clause OR MIT"}]},
        {"purl": "pkg:golang/github.com/oliver006/redis_exporter"},
        {
            "purl": "pkg:pypi/boto3@1.26.27",
            "properties": [
                {
                    "name": "syft:location:0:path",
                    "value": "/usr/lib/python3/dist-packages/boto3.egg-info/PKG-INFO",
                }
            ],
        },
    ]
}


def test_components_are_read_once_each_and_parts_of_a_debian_package_are_debians() -> None:
    assert components(SBOM) == [
        Component("deb", "redis-server", "5:7.0.15-1", ("BSD-3-clause", "LGPL-2.1-only")),
        Component("golang", "github.com/Azure/azure-sdk-for-go/sdk/azcore", "v1.2.3", ("MIT",)),
        Component("pypi", "httpx", "0.28.1", ("BSD-3-Clause OR MIT",)),
    ]


@pytest.mark.parametrize(
    ("expression", "allowed"),
    [
        ("MIT", True),
        ("AGPL-3.0-only", False),
        ("MIT OR AGPL-3.0-only", True),
        ("MIT AND AGPL-3.0-only", False),
        ("MPL-2.0 AND (Apache-2.0 OR AGPL-3.0-only)", True),
        ("Apache-2.0 WITH LLVM-exception", False),
        ("sha256:0123", False),
        ("whatever I say (", False),
    ],
)
def test_of_a_choice_one_licence_has_to_be_allowed_and_of_a_sum_each(expression: str, allowed: bool) -> None:
    assert licences.allowed(expression) is allowed


@pytest.mark.parametrize(
    ("component", "why"),
    [
        (Component("golang", "a", "v1", ("MIT", "ISC")), None),
        (Component("golang", "a", "v1", ("MIT", "AGPL-3.0-only")), "AGPL-3.0-only is not allowed"),
        (Component("pypi", "a", "1"), "no licence was found"),
        (Component("deb", "a", "1", ("GPL-2+",)), None),
        (Component("deb", "a", "1"), None),
    ],
)
def test_what_is_not_debians_needs_a_licence_that_is_allowed(component: Component, why: str | None) -> None:
    assert licences.refused(component) == why


def test_an_agreement_is_about_what_it_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(licences, "AGREED", {"golang/example.com/*": "ours"})
    assert licences.refused(Component("golang", "example.com/a", "v1")) is None
    assert licences.refused(Component("pypi", "example.com/a", "1")) == "no licence was found"


def test_each_exception_says_why() -> None:
    assert all(len(why) > 5 for why in (*licences.ALLOWED.values(), *licences.AGREED.values()))


def test_the_list_has_a_table_for_each_image_and_names_what_has_no_licence() -> None:
    page = licences.page({"redis": components(SBOM), "pause": [Component("deb", "catatonit", "0.1")]})
    assert "## redis\n" in page and "## pause\n" in page
    assert "| MIT | 1 | github.com/Azure/azure-sdk-for-go/sdk/azcore |" in page
    assert page.endswith("| none found | 1 | catatonit |\n")


def test_go_prints_one_value_after_the_other() -> None:
    assert list(read_stream('{"a": 1}\n{\n "b": 2\n}\n')) == [{"a": 1}, {"b": 2}]
    assert list(read_stream("")) == []


def test_the_texts_of_a_module_are_kept_where_syft_looks_for_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(texts, "FOLDER", tmp_path / "licences")
    cached = tmp_path / "cache" / "github.com" / "!azure" / "go-!n!t!l!m@v1.0.0"
    (cached / "testdata").mkdir(parents=True)
    kept, others = {"LICENSE", "COPYING.md"}, {"NOTICE.txt", "license.go", "LICENSE-3rdparty.csv", "testdata/LICENSE"}
    for name in kept | others:
        (cached / name).write_text(name)
    texts.keep([("github.com/Azure/go-NTLM", "v1.0.0"), ("example.com/not/there", "v1.0.0")], tmp_path / "cache")
    found = {path.relative_to(texts.FOLDER).as_posix() for path in texts.FOLDER.rglob("*") if path.is_file()}
    assert found == {f"github.com/!azure/go-!n!t!l!m@v1.0.0/{name}" for name in kept}


def test_a_go_program_says_which_modules_are_in_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def module(name: str, **more: object) -> dict[str, object]:
        return {"Path": f"example.com/{name}", "Version": "v1.0.0", "Sum": "h1:0", **more}

    ours = {"Path": "web4-identity/tools/kubernetes", "Version": "(devel)"}
    said = [
        {"Main": module("main"), "Deps": [module("a"), module("b", Replace=module("c", Version="v2.0.0"))]},
        {"Main": ours, "Deps": [module("d")]},
        {"Main": {}},
    ]
    monkeypatch.setattr(texts, "capture", lambda _: "\n".join(map(json.dumps, said)))
    assert texts.modules([tmp_path]) == {
        *((f"example.com/{name}", "v1.0.0") for name in ("main", "a", "d")),
        ("example.com/c", "v2.0.0"),
    }
