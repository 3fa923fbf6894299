"""What a fault is."""

from abc import ABC, abstractmethod

from chaos.scene import Scene


class Fault(ABC):
    """Something that breaks, and how it is made whole again.

    Attributes:
        name: what it is called on the command line.
        what: what is done, for the table.
        alert: the alert that it must raise; empty for none.
        silent: why it raises none; empty if it does.
        no_failure: whether every request must be answered as if nothing was (one counted retry is allowed).
        seconds: how long it lasts at least.
        alert_seconds: how long it lasts at most, waiting for its alert.
        late_seconds: how long after the first harm its alert may come, although it is healed by then.
        whole_seconds: how long the stack has afterwards to be whole by itself.
    """

    name: str
    what: str
    alert: str = ""
    silent: str = ""
    no_failure: bool = False
    seconds: float = 0
    alert_seconds: float = 0
    late_seconds: float = 0
    whole_seconds: float = 300

    def prepare(self, scene: Scene) -> None:  # noqa: B027
        """Do beforehand what is no harm yet, outside of what is measured."""

    @abstractmethod
    def inject(self, scene: Scene) -> None:
        """Break it."""

    def heal(self, scene: Scene) -> None:  # noqa: B027 - most are healed by the stack itself
        """Undo what the stack cannot undo by itself. Called after half a prepare() or inject() too."""
