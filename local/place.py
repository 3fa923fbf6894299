"""A stack and where it runs: what a command needs to ask its objects anything."""

import json
import os
from dataclasses import dataclass
from typing import Any

import pulumi

from infra.configuration import build_settings
from infra.settings import Settings
from local import stack, stack_file
from local.errors import UserError
from local.paths import REPO
from local.target import Target, target


@dataclass(frozen=True)
class Place:
    """One stack.

    Attributes:
        stack: its name.
        where: its cluster.
        settings: its settings, its environment's defaults included.
    """

    stack: str
    where: Target
    settings: Settings

    def command(self, *words: str) -> list[str]:
        """Return the command line of kubectl in the stack's namespace."""
        return self.where.command(f"--namespace={self.settings.namespace}", *words)

    def kubectl(self, *words: str, stdin: str = "") -> str:
        """Run kubectl in the stack's namespace and return what it printed; raises UserError if it fails."""
        return self.where.kubectl(f"--namespace={self.settings.namespace}", *words, stdin=stdin)

    def json(self, *words: str) -> dict[str, Any]:
        """Return what kubectl answers as JSON; raises UserError if it fails."""
        return dict(json.loads(self.kubectl(*words, "--output=json")))


def place(name: str, *, check: bool = True) -> Place:
    """Return where the stack `name` is: KUBE_CONTEXT if it is set, else what its settings say.

    Args:
        name: the stack.
        check: whether its cluster must answer.

    Raises:
        UserError: its settings are not ready, or its cluster does not answer.
    """
    settings = stack_settings(name)
    cluster = settings.cluster
    if name == stack.STACK or os.environ.get("KUBE_CONTEXT"):
        where = target()
    elif cluster.kubeconfig and cluster.context:
        where = Target(cluster.kubeconfig, cluster.context, embedded=False)
    else:  # never another cluster than the stack's own
        raise UserError(f"stack {name} names no cluster: set cluster.kubeconfig and cluster.context.")
    if check:
        where.check()
    return Place(name, where, settings)


def stack_settings(name: str) -> Settings:
    """Return the settings of a stack that has a file; of `local`, what `make up` made of it.

    Raises:
        UserError: `local` was not made on this machine, or a setting is wrong.
    """
    if name == stack.STACK:
        stack.require()
    file = stack.CONFIG if name == stack.STACK else REPO / f"Pulumi.{name}.yaml"
    try:
        return build_settings(stack_file.read(file))
    except pulumi.RunError as error:
        raise UserError(f"{file.name} is not ready:\n{error}") from None
