"""Backups: where they go, how they are kept, and the drill that proves them."""

from typing import Any

import pulumi
import pytest
import yaml
from infra_recording import Program, pod_template, run_program

from infra.configuration import build_settings
from infra.environments import overlay
from infra.production import refusals

pytestmark = pytest.mark.infra

ELSEWHERE = {
    "local_store": None,
    "destination": "s3://web4-backups/prod",
    "endpoint": "https://s3.web4.io:9000",
    "endpoint_ca_secret_name": "s3-ca",
    "credentials_secret_name": "web4-backup",
    "retention": "12w",
    "encryption": "aws:kms",
    "compression": "none",
}
ROLE = "arn:aws:iam::123456789012:role/web4-backup"


@pytest.fixture(scope="module")
def elsewhere(config: dict[str, Any]) -> Program:
    return run_program(overlay(config, {"backup": ELSEWHERE}))


def cluster(program: Program) -> dict[str, Any]:
    return dict(program.find("Cluster", "web4-identity-db").inputs["spec"])


def container(program: Program, name: str) -> dict[str, Any]:
    (found,) = pod_template(program.find("CronJob", name))["spec"]["containers"]
    return dict(found)


def problem(config: dict[str, Any], change: dict[str, Any]) -> str:
    with pytest.raises(pulumi.RunError) as caught:
        build_settings(overlay(config, {"backup": change}))
    return str(caught.value)


def test_the_stacks_own_store_is_where_its_database_archives_to(program: Program) -> None:
    store = cluster(program)["backup"]["barmanObjectStore"]
    service = program.find("Service", "web4-object-store").inputs["spec"]
    assert store["endpointURL"] == f"https://web4-object-store:{service['ports'][0]['port']:.0f}"
    for reference in (*store["s3Credentials"].values(), store["endpointCA"]):
        assert reference["key"] in program.find("Secret", reference["name"]).inputs["stringData"]["value"]
    assert program.find("Deployment", "web4-object-store").urn in program.waits_for(
        program.find("Cluster", "web4-identity-db")
    )


def test_a_store_elsewhere_is_used_as_the_settings_say(elsewhere: Program) -> None:
    backup = cluster(elsewhere)["backup"]
    assert backup == {
        "barmanObjectStore": {
            "destinationPath": "s3://web4-backups/prod",
            "endpointURL": "https://s3.web4.io:9000",
            "endpointCA": {"name": "s3-ca", "key": "ca.crt"},
            "s3Credentials": {
                "accessKeyId": {"name": "web4-backup", "key": "ACCESS_KEY_ID"},
                "secretAccessKey": {"name": "web4-backup", "key": "ACCESS_SECRET_KEY"},
            },
            "wal": {"encryption": "aws:kms"},
            "data": {"encryption": "aws:kms", "immediateCheckpoint": True},
        },
        "retentionPolicy": "12w",
    }
    assert "web4-object-store" not in {each.name for each in elsewhere.resources if "metadata" in each.inputs}


RESTORED = {
    "server_name": "web4-identity-db-2",
    "recovery": {"server_name": "web4-identity-db", "target_time": "2026-01-31T13:00:00+01:00"},
}


def test_a_new_database_begins_empty_or_with_backups(config: dict[str, Any], program: Program) -> None:
    named = {"database": "web4_identity_db", "owner": "web4_identity"}
    assert cluster(program)["bootstrap"] == {"initdb": named}
    assert "externalClusters" not in cluster(program)
    restored = cluster(run_program(overlay(config, {"backup": RESTORED})))
    target = {"recoveryTarget": {"targetTime": "2026-01-31 12:00:00+00:00"}}
    assert restored["bootstrap"] == {"recovery": {"source": "before", **named, **target}}
    store = restored["backup"]["barmanObjectStore"]
    assert store["serverName"] == "web4-identity-db-2"
    assert restored["externalClusters"] == [
        {"name": "before", "barmanObjectStore": {**store, "serverName": "web4-identity-db"}}
    ]


def test_without_a_time_all_that_was_archived_is_restored(config: dict[str, Any]) -> None:
    newest = {**RESTORED, "recovery": {"server_name": "web4-identity-db", "target_time": None}}
    assert "recoveryTarget" not in cluster(run_program(overlay(config, {"backup": newest})))["bootstrap"]["recovery"]


@pytest.mark.parametrize("folder", [None, "web4-identity-db"])
def test_a_restored_database_archives_to_another_folder(config: dict[str, Any], folder: str | None) -> None:
    assert "recovery needs server_name, another folder" in problem(config, {**RESTORED, "server_name": folder})


def test_with_a_role_there_are_no_credentials(config: dict[str, Any]) -> None:
    program = run_program(overlay(config, {"backup": {**ELSEWHERE, "credentials_secret_name": None, "iam_role": ROLE}}))
    assert cluster(program)["backup"]["barmanObjectStore"]["s3Credentials"] == {"inheritFromIAMRole": True}
    annotation = {"eks.amazonaws.com/role-arn": ROLE}
    assert cluster(program)["serviceAccountTemplate"]["metadata"]["annotations"] == annotation
    assert program.find("ServiceAccount", "web4-configuration-copy").inputs["metadata"]["annotations"] == annotation
    names = {each["name"] for each in container(program, "web4-configuration-copy")["env"]}
    assert not [name for name in names if name.startswith("AWS_") and "KEY" in name]


def test_base_backups_begin_at_once_and_go_on_as_scheduled(otherwise: Program) -> None:
    spec = otherwise.find("ScheduledBackup", "web4-identity-db").inputs["spec"]
    assert (spec["schedule"], spec["immediate"]) == ("0 30 1 * * 0", True)
    assert spec["cluster"] == {"name": "web4-identity-db"}


def test_wal_is_archived_in_time_and_commits_are_dated(otherwise: Program, program: Program) -> None:
    parameters = cluster(otherwise)["postgresql"]["parameters"]
    assert (parameters["archive_timeout"], parameters["track_commit_timestamp"]) == ("300s", "on")
    assert cluster(program)["postgresql"]["parameters"]["archive_timeout"] == "60s"


def test_without_backups_there_is_nothing_of_them(config: dict[str, Any]) -> None:
    program = run_program({key: value for key, value in config.items() if key != "backup"})
    assert "backup" not in cluster(program)
    assert {each.name for each in program.of_kind("CronJob")} == {"web4-identity-scan"}
    assert not program.of_kind("ScheduledBackup")
    assert not [each.name for each in program.of_kind("NetworkPolicy") if "restore" in each.name]


def test_the_copied_settings_make_the_same_stack_again(config: dict[str, Any], program: Program) -> None:
    text = program.find("ConfigMap", "web4-configuration-copy").inputs["data"]["settings.yaml"]
    values = {key.removeprefix("web4-identity:"): value for key, value in yaml.safe_load(text)["config"].items()}
    assert build_settings(values) == build_settings(config)


def test_the_copy_is_made_with_postgres_image(program: Program) -> None:
    assert container(program, "web4-configuration-copy")["image"] == cluster(program)["imageName"]
    assert container(program, "web4-configuration-copy")["command"][1].endswith("/copy_configuration.py")
    assert "copy_configuration.py" in program.find("ConfigMap", "web4-configuration-copy").inputs["data"]


def test_the_drill_is_monthly_and_tried_once(program: Program) -> None:
    spec = program.find("CronJob", "web4-restore-drill").inputs["spec"]
    assert spec["schedule"] == "0 4 1 * *"
    assert spec["jobTemplate"]["spec"]["backoffLimit"] == 0
    assert pod_template(program.find("CronJob", "web4-restore-drill"))["spec"]["restartPolicy"] == "Never"


def test_the_drills_account_removes_its_own_cluster_alone(program: Program) -> None:
    rules = program.find("Role", "web4-restore-drill").inputs["rules"]
    may = {
        (verb, resource, name)
        for rule in rules
        for verb in rule["verbs"]
        for resource in rule["resources"]
        for name in rule.get("resourceNames", ["any"])
    }
    assert may == {
        ("create", "clusters", "any"),
        ("get", "clusters", "web4-identity-db"),
        ("get", "clusters", "web4-identity-db-drill"),
        ("delete", "clusters", "web4-identity-db-drill"),
        ("list", "jobs", "any"),
        ("list", "pods", "any"),
        ("list", "persistentvolumeclaims", "any"),
    }
    (subject,) = program.find("RoleBinding", "web4-restore-drill").inputs["subjects"]
    account = pod_template(program.find("CronJob", "web4-restore-drill"))["spec"]["serviceAccountName"]
    assert subject["name"] == account == program.find("ServiceAccount", "web4-restore-drill").name


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"local_store": None}, "backup: give destination, s3://bucket/folder, or local_store"),
        (
            {"destination": "s3://web4-backups"},
            "backup: local_store is the whole target: leave out the keys of one that is elsewhere",
        ),
        (
            {**ELSEWHERE, "iam_role": ROLE},
            "backup: for s3://web4-backups/prod give credentials_secret_name or iam_role, and no other access",
        ),
        (
            {**ELSEWHERE, "credentials_secret_name": None},
            "backup: for s3://web4-backups/prod give credentials_secret_name or iam_role, and no other access",
        ),
        ({**ELSEWHERE, "destination": "web4-backups/prod"}, "backup.destination: String should match pattern"),
        ({**ELSEWHERE, "endpoint": "s3.web4.io"}, "backup.endpoint: String should match pattern"),
        ({"retention": "30"}, "backup.retention: String should match pattern"),
        ({"drill_schedule": "monthly"}, "backup.drill_schedule: String should match pattern"),
        ({"base_schedule": "0 0 2 * * *"}, "backup.base_schedule: String should match pattern"),
        ({"encryption": "rot13"}, "backup.encryption: Input should be 'AES256' or 'aws:kms'"),
        ({"archive_seconds": 1}, "backup.archive_seconds: Input should be greater than or equal to 10"),
        (
            {"local_store": {"secret_key_file": "/nowhere/key"}},
            "backup.local_store.secret_key_file: no such file: /nowhere/key",
        ),
    ],
)
def test_what_cannot_be_is_told(config: dict[str, Any], change: dict[str, Any], line: str) -> None:
    assert problem(config, change).startswith(f"web4-identity:{line}")


def test_prod_refuses_a_store_that_is_lost_with_the_cluster(config: dict[str, Any]) -> None:
    found = list(refusals(build_settings(config)))
    assert "backup.local_store: it is lost with the cluster; prod wants a destination elsewhere" in found
