"""What the fixtures give that are called by tests: app_fixtures.py and database_fixtures.py say what each one does."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from subprocess import Popen
from typing import Any

import httpx
from mint_parts import Key
from service_servers import Relay
from sqlalchemy import RowMapping

Body = dict[str, Any]
NewKey = Callable[..., Key]
Order = Callable[..., Body]
Testimonies = Callable[..., list[dict[str, str]]]
Start = Callable[..., AbstractAsyncContextManager[httpx.AsyncClient]]
Serve = Callable[[Mapping[str, str]], tuple[Popen[bytes], int, Path]]
JoinRelay = Callable[..., Awaitable[Relay]]
Sample = Callable[..., Awaitable[float | None]]
Sql = Callable[[str], Awaitable[list[Any]]]
Problem = Callable[..., Awaitable[Body]]
"""Sends what must be refused, and gives the problem that it was answered with."""


@dataclass(frozen=True)
class Ledger:
    """Looks at the database: the rows of each table, and what the verifier says."""

    everything: Callable[[], Awaitable[dict[str, Sequence[RowMapping]]]]
    violations: Callable[[], Awaitable[list[str]]]
