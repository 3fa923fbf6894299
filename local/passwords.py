"""A password of this machine, kept in the state folder, and how it is replaced while both are in use."""

import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from local.paths import write_private


@dataclass(frozen=True)
class Password:
    """A password in a file of its own, and beside it, while it is being replaced, the next or the previous one.

    Attributes:
        file: the password, made at the first use.
    """

    file: Path

    def settings(self, name: str, other: str) -> dict[str, str]:
        """Return the paths under the names of the settings: the password's, and the other one's if there is one."""
        password = made_once(self.file)
        besides = next((path for path in (self._next, self._previous) if path.exists()), None)
        return {name: password, **({other: str(besides)} if besides else {})}

    def prepare(self) -> None:
        """Make the next password, unless a rotation that was interrupted has come this far or further."""
        if not (self._next.exists() or self._previous.exists()):
            write_private(self._next, _new())

    def switch(self) -> None:
        """Let the next password take the place of this one, which stays as the previous one."""
        if self._next.exists():
            write_private(self._previous, self.file.read_text(encoding="ascii"))
            os.replace(self._next, self.file)

    def forget(self) -> None:
        """Remove the previous password."""
        self._previous.unlink(missing_ok=True)

    @property
    def _next(self) -> Path:
        return self.file.with_name(f"{self.file.name}.next")

    @property
    def _previous(self) -> Path:
        return self.file.with_name(f"{self.file.name}.previous")


def made_once(file: Path) -> str:
    """Return the path of a file with a password, made if absent."""
    if not file.exists():
        write_private(file, _new())
    return str(file)


def _new() -> str:
    return secrets.token_hex(32)
