"""The base of every settings section and of every component's arguments."""

from pydantic import BaseModel, ConfigDict


class Frozen(BaseModel):
    """A model that cannot change after it was checked, and that refuses keys it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)
