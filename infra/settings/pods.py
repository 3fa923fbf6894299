"""What the cluster does with pods: where they go, and what all of them may take together."""

from typing import Literal

from pydantic import Field

from infra.frozen import Frozen
from infra.settings.kinds import Quantity


class PodSettings(Frozen):
    """Where pods go, and what their nodes keep account of."""

    spread: Literal["ScheduleAnyway", "DoNotSchedule"] = "ScheduleAnyway"
    """What happens to a pod that would stand beside another of its kind while a node or zone has fewer.
    `DoNotSchedule` needs nodes with the label topology.kubernetes.io/zone."""
    ephemeral_storage: bool = True
    """Whether pods ask for disk and are held to it; false where kubelets keep no account of it and could place none."""


class QuotaSettings(Frozen):
    """What everything in the namespace may take together, rollouts included."""

    cpu: Quantity = "8"
    """CPU that is asked for."""
    memory: Quantity = "24Gi"
    """Memory that containers are limited to."""
    pods: int = Field(50, ge=10)
    """Pods."""
