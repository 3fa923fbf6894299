"""How many pods of a kind there are."""

from pydantic import Field, model_validator

from infra.frozen import Frozen


class Scaling(Frozen):
    """A base for what runs in several pods."""

    replicas: int = Field(2, ge=1)
    """How many pods; with `max_replicas`, how many at least."""
    max_replicas: int | None = Field(None, ge=1)
    """How many pods at most, by their CPU (needs the cluster's metrics API); none keeps their number fixed."""

    @model_validator(mode="after")
    def _no_fewer_than_the_least(self) -> "Scaling":
        if self.max_replicas is not None and self.max_replicas < self.replicas:
            raise ValueError(f"max_replicas is {self.max_replicas}, fewer than replicas, {self.replicas}")
        return self
