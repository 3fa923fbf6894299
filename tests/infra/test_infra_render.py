"""What `make render` writes for each stack, and what kubeconform, kube-score and checkov find in it."""

import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from infra_recording import run_program
from infra_stacks import EDITED, example

from infra.environments import DEFAULTS, overlay
from local import checks, render
from local.errors import UserError
from local.paths import PULUMI_HOME

pytestmark = pytest.mark.manifests

ACCOUNTABLE = ("staging", "prod")
"""What is scored: the stacks that others use, with images as prod wants them."""


@pytest.fixture(scope="session")
def schemas(tmp_path_factory: pytest.TempPathFactory) -> Path:
    assert not checks.missing(), "run `make check-tools` first"
    return checks.schemas(tmp_path_factory.mktemp("schemas"))


def configuration(environment: str) -> dict[str, Any]:
    """This machine's own for stack local, an edited example for any other."""
    found = render.configuration(environment)
    return found if environment == "local" else overlay(found, EDITED)


@pytest.fixture(scope="session")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The folder of each stack's objects."""
    folder = tmp_path_factory.mktemp("rendered")
    for environment in DEFAULTS:
        render.render(environment, configuration(environment), folder / environment)
    return {environment: folder / environment for environment in DEFAULTS}


def objects(folder: Path) -> list[dict[str, Any]]:
    return [yaml.safe_load(file.read_text()) for file in folder.rglob("*.yaml")]


def identifiers(found: list[dict[str, Any]]) -> set[tuple[str, str, str]]:
    return {(each["kind"], each["metadata"].get("namespace", ""), each["metadata"]["name"]) for each in found}


def test_every_object_of_the_program_is_a_file(rendered: dict[str, Path], tmp_path: Path) -> None:
    program = run_program(overlay(example("prod", tmp_path), {**EDITED, "cluster": {"kubeconfig": __file__}}))
    registered = [each.inputs for each in program.resources if each.type.startswith("kubernetes:")]
    names = {(kind, namespace, name.partition("-migrate-")[0]) for kind, namespace, name in identifiers(registered)}
    written = identifiers(objects(rendered["prod"]))
    assert {(kind, namespace, name.partition("-migrate-")[0]) for kind, namespace, name in written} == names


def test_nobody_else_can_read_the_files(rendered: dict[str, Path]) -> None:
    for folder in rendered.values():
        modes = {stat.S_IMODE(path.stat().st_mode) for path in [folder, *folder.rglob("*")]}
        assert modes == {0o600, 0o700}


def test_pulumi_kept_no_log_of_it(rendered: dict[str, Path]) -> None:
    assert rendered and list(PULUMI_HOME.rglob("*.log")) == []


@pytest.mark.parametrize("environment", DEFAULTS)
def test_kubeconform_knows_every_object_and_every_field(
    schemas: Path, rendered: dict[str, Path], environment: str
) -> None:
    assert checks.kubeconform(schemas, rendered[environment]) == []


@pytest.mark.parametrize(
    ("kind", "spoil", "complaint"),
    [
        ("Deployment", lambda spec: spec.update(replica=3), "replica"),
        ("Deployment", lambda spec: spec["template"]["spec"]["containers"][0].update(imagePullPolcy="x"), "PullPolcy"),
        ("Service", lambda spec: spec["ports"][0].update(port="https"), "/spec/ports/0/port"),
        ("Cluster", lambda spec: spec.update(instancs=3), "instancs"),
        ("Prometheus", lambda spec: spec.update(replicas="one"), "/spec/replicas"),
        ("NetworkPolicy", lambda spec: spec.update(podSelectr={}), "podSelectr"),
    ],
)
def test_kubeconform_finds_a_field_that_does_not_exist_or_is_of_another_type(
    schemas: Path,
    rendered: dict[str, Path],
    tmp_path: Path,
    kind: str,
    spoil: Callable[[dict[str, Any]], object],
    complaint: str,
) -> None:
    spoiled = next(each for each in objects(rendered["prod"]) if each["kind"] == kind)
    spoil(spoiled["spec"])
    (tmp_path / "spoiled.yaml").write_text(yaml.safe_dump(spoiled))
    (found,) = checks.kubeconform(schemas, tmp_path)
    assert found.startswith(kind) and complaint in found


def test_kubeconform_refuses_a_kind_without_schema(schemas: Path, tmp_path: Path) -> None:
    unknown = {"apiVersion": "web4.io/v1", "kind": "Registry", "metadata": {"name": "x"}}
    (tmp_path / "unknown.yaml").write_text(yaml.safe_dump(unknown))
    (found,) = checks.kubeconform(schemas, tmp_path)
    assert "could not find schema" in found


@pytest.mark.parametrize("environment", ACCOUNTABLE)
def test_kube_score_finds_nothing_critical(rendered: dict[str, Path], environment: str) -> None:
    assert checks.kube_score(rendered[environment]) == []


@pytest.mark.parametrize("environment", ACCOUNTABLE)
def test_checkov_finds_nothing(rendered: dict[str, Path], environment: str) -> None:
    assert checks.checkov(rendered[environment]) == []


def test_each_exception_is_needed_and_there_are_three_at_most(rendered: dict[str, Path]) -> None:
    for found, exceptions in (
        (checks.kube_score(rendered["prod"], ()), checks.KUBE_SCORE_EXCEPTIONS),
        (checks.checkov(rendered["prod"], ()), checks.CHECKOV_EXCEPTIONS),
    ):
        assert found and len(exceptions) <= 3
        assert all(exceptions.values()), "an exception without a reason"
    assert {line.split()[0] for line in checks.checkov(rendered["prod"], ())} == checks.CHECKOV_EXCEPTIONS.keys()


def test_a_privileged_container_is_found_by_both(rendered: dict[str, Path], tmp_path: Path) -> None:
    spoiled = next(each for each in objects(rendered["prod"]) if each["kind"] == "Deployment")
    spoiled["spec"]["template"]["spec"]["containers"][0]["securityContext"] = {"privileged": True}
    (tmp_path / "spoiled.yaml").write_text(yaml.safe_dump(spoiled))
    assert any("privileged" in line.lower() for line in checks.kube_score(tmp_path))
    assert any("CKV_K8S_16 " in line for line in checks.checkov(tmp_path))


def test_the_example_of_prod_is_refused_with_the_settings_own_lines(tmp_path: Path) -> None:
    with pytest.raises(
        UserError, match=r"web4-identity:edge\.server_name: identity\.example\.com is an example's name"
    ):
        render.render("prod", render.configuration("prod"), tmp_path / "prod")
    assert not (tmp_path / "prod").exists()


def test_another_stack_or_file_than_there_is_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="STACK is 'production': give one of local, dev, staging, prod"):
        render.configuration("production")
    with pytest.raises(UserError, match=r"nowhere\.yaml cannot be read"):
        render.configuration("prod", tmp_path / "nowhere.yaml")
