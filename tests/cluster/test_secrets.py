"""No secret of the running stack can be read where it does not belong: Pulumi's state, pods, ConfigMaps, logs."""

import base64
import json
import re
from collections.abc import Callable, Iterator

import pytest
from cluster_stack import Kubectl
from test_stack import pulumi

from local import credentials, stack
from local.paths import STATE


class Needles(dict[str, list[str]]):
    """What to look for, by whose secret it is; pytest prints a test's arguments, and of this one nothing."""

    def __repr__(self) -> str:
        return f"{len(self)} secrets"


PUBLIC_FILES = {stack.CONFIG.name, credentials.FOUNDER_PROOF.name}
PUBLIC_KEYS = re.compile(r".*\.crt|user(name)?|dbname|host|port|.*\.yaml(\.gz)?")
"""A Secret's keys that hold no secret: certificates, names, and configurations, which refer to secrets by file."""

SHORTEST = 16
"""Characters of a line that is looked for; every secret here has one, and PEM's own marks are left out."""

KINDS_OF_KEY = ("", "EC ", "RSA ", "OPENSSH ", "ENCRYPTED ")
HEADS = [f"-----BEGIN {kind}PRIVATE KEY-----" for kind in KINDS_OF_KEY]
# Three bytes are four characters of base64, so that what follows the head does not change those.
ENCODED_HEADS = [base64.b64encode(head[: len(head) // 3 * 3].encode()).decode() for head in HEADS]


def needles_of(value: bytes) -> list[str]:
    """A secret as it would stand in a text: each of its lines, and the whole in base64, as a Secret has it."""
    lines = [line.strip() for line in value.decode(errors="replace").splitlines()]
    return [
        *(line for line in lines if len(line) >= SHORTEST and not line.startswith("-----")),
        base64.b64encode(value).decode(),
        base64.b64encode(value.strip()).decode(),
    ]


@pytest.fixture(scope="module")
def needles(kubectl: Kubectl) -> Needles:
    """Every secret of the stack: this machine's files, and the namespace's Secrets, the operators' included."""
    private = [path for path in STATE.iterdir() if path.is_file() and not path.stat().st_mode & 0o077]
    known = {f"file {path.name}": path.read_bytes() for path in private if path.name not in PUBLIC_FILES}
    for secret in kubectl.json("get", "secrets")["items"]:
        for key, value in secret.get("data", {}).items():
            if value and not PUBLIC_KEYS.fullmatch(key):
                known[f"Secret {secret['metadata']['name']}/{key}"] = base64.b64decode(value)
    assert {
        f"file {name}" for name in ("passphrase", "redis-password", "database-password", "edge.key")
    } <= known.keys()
    assert {"Secret web4-identity-db-app/uri", "Secret web4-identity-db-ca/ca.key"} <= known.keys()
    return Needles({whose: needles_of(value) for whose, value in known.items()})


def leaks(text: str, needles: Needles) -> list[str]:
    """Whose secrets are in `text`, and whether a private key is that nobody knows."""
    known = {**needles, "a private key": [*HEADS, *ENCODED_HEADS]}
    return sorted(whose for whose, words in known.items() if any(word in text for word in words))


def state(kubectl: Kubectl) -> Iterator[str]:
    yield exported()


def backend(kubectl: Kubectl) -> Iterator[str]:
    """Every file of it: earlier states and their backups too."""
    yield from (path.read_text(errors="replace") for path in stack.BACKEND.rglob("*") if path.is_file())
    yield stack.CONFIG.read_text()


def objects(kubectl: Kubectl) -> Iterator[str]:
    """Whatever makes pods or tells them something, with each variable, argument and annotation."""
    kinds = ("pods", "deployments", "statefulsets", "jobs", "cronjobs", "configmaps", "events")
    custom = ("clusters.postgresql.cnpg.io", "prometheuses", "alertmanagers", "podmonitors", "prometheusrules")
    yield from (json.dumps(kubectl.json("get", kind), ensure_ascii=False) for kind in (*kinds, *custom))


def logs(kubectl: Kubectl) -> Iterator[str]:
    """What every container has said since it started."""
    for pod in kubectl.json("get", "pods")["items"]:
        yield kubectl("logs", pod["metadata"]["name"], "--all-containers", "--ignore-errors")


def exported(*options: str) -> str:
    done = pulumi("stack", "export", *options)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("place", [state, backend, objects, logs], ids=lambda place: place.__name__)
def test_no_secret_is_readable_in(
    place: Callable[[Kubectl], Iterator[str]], kubectl: Kubectl, needles: Needles
) -> None:
    texts = list(place(kubectl))
    assert sum(map(len, texts)) > 10_000, "hardly anything to look through"
    found = sorted({leak for text in texts for leak in leaks(text, needles)})
    assert found == []


def test_the_same_search_finds_each_secret_that_pulumi_makes(needles: Needles) -> None:
    """Where Pulumi is asked to show them: or an empty search above would say nothing."""
    found = set(leaks(exported("--show-secrets"), needles))
    made = {
        *("redis-password/password", "redis-tls/tls.key", "web4-edge-tls/tls.key"),
        "web4-identity-db-service/password",
    }
    assert {f"Secret {each}" for each in made} | {"a private key"} <= found


def test_the_same_search_finds_what_is_planted(kubectl: Kubectl, needles: Needles) -> None:
    """In a ConfigMap, as somebody might who debugs."""
    password = credentials.REDIS_PASSWORD.file.read_text().strip()
    manifest = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "planted"},
        "data": {"redis.conf": f'requirepass "{password}"'},
    }
    try:
        kubectl("create", "--filename=-", stdin=json.dumps(manifest))
        found = {leak for text in objects(kubectl) for leak in leaks(text, needles)}
    finally:
        kubectl("delete", "configmap", "planted", "--ignore-not-found")
    assert found == {"file redis-password", "Secret redis-password/password"}
