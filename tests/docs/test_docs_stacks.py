"""The clouds' example stacks: as committed they lack only what an example cannot have, edited they are whole stacks."""

from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml
from docs_pages import ROOT
from infra_policies import objects, refused
from infra_recording import Program, run_program
from infra_stacks import EDITED

from infra.configuration import build_settings
from infra.environments import overlay

pytestmark = pytest.mark.infra

FOLDER = ROOT / "docs" / "stacks"
CLOUDS = ("eks", "gke", "aks")


def stack(name: str) -> dict[str, Any]:
    """The file's settings, with a kubeconfig that exists."""
    keys = yaml.safe_load((FOLDER / f"{name}.yaml").read_text())["config"]
    values = {key.removeprefix("web4-identity:"): value for key, value in keys.items()}
    return overlay(values, {"cluster": {"kubeconfig": __file__}}) if name in CLOUDS else values


@pytest.fixture(scope="module", params=CLOUDS)
def cloud(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def program(cloud: str) -> Program:
    return run_program(overlay(stack(cloud), EDITED))


def test_these_are_all_files_and_the_page_is_about_each() -> None:
    assert {file.stem for file in FOLDER.iterdir()} == {*CLOUDS, "managed-postgres"}
    page = (ROOT / "docs" / "clouds.md").read_text()
    assert [file.name for file in FOLDER.iterdir() if f"(stacks/{file.name})" not in page] == []


def test_all_that_is_refused_is_an_examples_name_or_an_image_without_a_digest(cloud: str) -> None:
    with pytest.raises(pulumi.RunError) as caught:
        build_settings(stack(cloud))
    left = [line for line in str(caught.value).splitlines() if "can change under its tag" not in line]
    assert left and all("is an example's" in line for line in left), left


def test_no_rule_of_the_policy_pack_is_broken(program: Program) -> None:
    assert refused(objects(program)) == {}


def test_the_load_balancer_asks_for_what_the_file_says_and_keeps_the_clients_address(
    cloud: str, program: Program
) -> None:
    service = program.find("Service", "web4-edge").inputs
    assert service["spec"]["type"] == "LoadBalancer"
    assert service["spec"]["externalTrafficPolicy"] == "Local"
    asked = stack(cloud)["edge"]["load_balancer"]["annotations"]
    assert asked and asked.items() <= service["metadata"]["annotations"].items()


def test_backups_are_made_as_the_clouds_identity_and_no_key_is_needed(cloud: str, program: Program) -> None:
    spec = program.find("Cluster", "web4-identity-db").inputs["spec"]
    identity = {key: value for key, value in stack(cloud)["backup"].items() if key.endswith(("role", "account", "_id"))}
    assert list(spec["serviceAccountTemplate"]["metadata"]["annotations"].values()) == list(identity.values())


def test_redis_is_the_clouds_own_and_spoken_to_in_tls(cloud: str, program: Program) -> None:
    assert not [each for each in program.of_kind("Deployment") if each.name == "redis"]
    (container,) = program.find("Deployment", "web4-identity").inputs["spec"]["template"]["spec"]["containers"]
    plain = {each["name"]: each.get("value") for each in container["env"]}
    assert (plain["REDIS_HOST"], plain["REDIS_TLS"]) == (stack(cloud)["redis"]["external"]["host"], "true")


def test_the_page_names_every_secret_that_a_stack_refers_to(cloud: str) -> None:
    def named(values: Any) -> set[str]:
        if not isinstance(values, dict):
            return set()
        here = {value for key, value in values.items() if key.endswith("secret_name")}
        return here.union(*map(named, values.values()))

    page = Path(ROOT / "docs" / "clouds.md").read_text()
    names = named(stack(cloud)) | named(stack("managed-postgres"))
    assert len(names) >= 7 and [name for name in names if f"`{name}`" not in page] == []


def test_with_managed_postgres_there_is_none_in_the_cluster_and_nothing_to_back_up(cloud: str) -> None:
    values = {key: value for key, value in stack(cloud).items() if key != "backup"}
    made = run_program(overlay({**values, **stack("managed-postgres")}, EDITED))
    assert not made.of_kind("Cluster") and not made.of_kind("ScheduledBackup")
    with pytest.raises(pulumi.RunError, match=r"backup: database\.external is backed up by whoever runs it"):
        build_settings(overlay({**stack(cloud), **stack("managed-postgres")}, EDITED))
