"""Runs the program against Pulumi's mocks and keeps what it registered."""

import asyncio
import contextlib
import hashlib
import json
import runpy
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pulumi
from google.protobuf import json_format
from pulumi.runtime import mocks
from pulumi.runtime.config import set_all_config

from infra.environments import overlay

ROOT = Path(__file__).parents[2]
PRIVATE_KEY = "-----BEGIN PRIVATE KEY-----\nnot a key, and never to be seen\n-----END PRIVATE KEY-----\n"
REDIS_KEY = PRIVATE_KEY.replace("not a key", "not Redis's key")
REDIS_PASSWORD = "not a password, and never to be seen"
DATABASE_PASSWORD = REDIS_PASSWORD.replace("not a", "not Postgres's")
STORE_KEY = REDIS_PASSWORD.replace("not a password", "not the object store's key")
# What Pulumi's engine knows a secret value by, and encrypts it in the state for.
_SECRET_MARK = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270"}


def pod_template(workload: "Resource") -> dict[str, Any]:
    """The template of the pods that a Deployment, Job or CronJob makes."""
    spec = workload.inputs["spec"]
    return dict(spec.get("jobTemplate", {}).get("spec", spec)["template"])


@dataclass(frozen=True)
class Resource:
    """One registered resource: its type token, URN, inputs in plain form, and what it waits for."""

    type: str
    urn: str
    inputs: dict[str, Any]
    parent: str
    dependencies: frozenset[str] = field(default_factory=frozenset)
    ignored: tuple[str, ...] = ()
    create_timeout: str = ""
    provider: str = ""

    @property
    def kind(self) -> str:
        return self.type.rpartition(":")[2]

    @property
    def name(self) -> str:
        return str(self.inputs["metadata"]["name"])


class _Monitor(mocks.MockMonitor):
    """Also keeps the options, which Pulumi's own mocks throw away."""

    def __init__(self, recorded: list[Resource]) -> None:
        super().__init__(_Echo())
        self._recorded = recorded

    def RegisterResource(self, request: Any) -> Any:
        response = super().RegisterResource(request)  # type: ignore[no-untyped-call]  # Pulumi gives it no types
        self._recorded.append(
            Resource(
                type=request.type,
                urn=response.urn,
                inputs=json_format.MessageToDict(request.object),
                parent=request.parent,
                dependencies=frozenset(request.dependencies),
                ignored=tuple(request.ignoreChanges),
                create_timeout=request.customTimeouts.create,
                provider=request.provider,
            )
        )
        return response


class _Echo(mocks.Mocks):
    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        if args.typ != "kubernetes:core/v1:Secret":
            return f"{args.name}-id", args.inputs
        # As the API server does: another version for another content.
        version = hashlib.sha256(json.dumps(args.inputs, sort_keys=True).encode()).hexdigest()
        return f"{args.name}-id", overlay(args.inputs, {"metadata": {"resourceVersion": version}})

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[str, Any], None]:
        raise AssertionError(f"the program reads from a cluster: {args.token}")


@dataclass(frozen=True)
class Program:
    """What one run of infra/__main__.py registered."""

    resources: tuple[Resource, ...]

    def find(self, kind: str, name: str) -> Resource:
        """The one resource of that kind and metadata.name."""
        found = [each for each in self.of_kind(kind) if each.name == name]
        assert len(found) == 1, f"{kind} {name}: {[each.name for each in self.of_kind(kind)]}"
        return found[0]

    def job(self, app: str) -> Resource:
        """The one Job of that app: its name carries a hash."""
        (found,) = [each for each in self.of_kind("Job") if each.name.startswith(f"{app}-")]
        return found

    def of_kind(self, kind: str) -> list[Resource]:
        """Kubernetes objects only: a component may have the same kind."""
        return [each for each in self.resources if each.kind == kind and each.type.startswith("kubernetes:")]

    def waits_for(self, resource: Resource) -> set[str]:
        """The URNs of all that must be ready before `resource` is made, near and far.

        A component's own dependencies count for everything in it: its children cannot be made before it is.
        """
        by_urn = {each.urn: each for each in self.resources}
        seen: set[str] = set()
        todo = [resource.urn]
        while todo:
            current = by_urn[todo.pop()]
            needed = {*current.dependencies, current.parent} - seen - {""}
            seen |= needed
            todo += needed
        return seen


ProgramOf = Callable[[str], Program]
"""A run of the program for each environment, as the fixture `program_of` gives."""


def run_program(config: dict[str, Any], recorded: list[Resource] | None = None) -> Program:
    """The program's resources with `config`, a plain value for each key; raises whatever the program raises.

    `recorded` gets them one by one, so that it has those of a program that raised, too.

    Always a run of its own: two of the same configuration can be compared. It is in a thread of its own, as Pulumi
    writes down the whole stack for each resource, and pytest's part of that is most of it.
    """
    recorded = [] if recorded is None else recorded
    with ThreadPoolExecutor(1) as thread:
        thread.submit(copy_context().run, _run, config, recorded).result()
    return Program(tuple(recorded))


def _run(config: dict[str, Any], recorded: list[Resource]) -> None:
    with contextlib.closing(asyncio.new_event_loop()) as loop:
        asyncio.set_event_loop(loop)
        mocks.set_mocks(_Echo(), project="web4-identity", stack="test", preview=False, monitor=_Monitor(recorded))
        set_all_config({f"web4-identity:{key}": _as_pulumi(value) for key, value in config.items()})

        def program() -> None:
            runpy.run_path(str(ROOT / "infra"), run_name="__main__")

        pulumi.runtime.test(program)()  # type: ignore[no-untyped-call]  # Pulumi gives it no types


def is_secret(value: Any) -> bool:
    """Whether Pulumi would keep this input encrypted."""
    return isinstance(value, dict) and value.items() >= _SECRET_MARK.items()


def _as_pulumi(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
