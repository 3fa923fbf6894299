"""The HTTP server around the app: how it stops, and what a connection may cost."""

import signal
import time
from types import FrameType

import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.h11_impl import H11Protocol

from web4_identity.logs import logger
from web4_identity.settings import Settings

# What requests under way get to finish, after the drain.
SHUTDOWN_SECONDS = 20
# Request line and headers together; httptools, uvicorn's other parser, has no bound at all.
MAX_HEADER_BYTES = 16 * 1024
# A connection gets this for its first or next request's headers, and for taking an answer's last bytes.
HEADER_SECONDS = 10
KEEP_ALIVE_SECONDS = 5
_log = logger()


class IdentityServer(uvicorn.Server):
    """uvicorn, which on SIGTERM first says that it is going away, and only then stops accepting."""

    def __init__(self, app: FastAPI, settings: Settings) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                host=settings.host,
                port=settings.port,
                lifespan="on",
                log_config=None,
                # The app writes its own access log and decides itself which proxies to believe.
                access_log=False,
                proxy_headers=False,
                server_header=False,
                http="h11",
                h11_max_incomplete_event_size=MAX_HEADER_BYTES,
                ws="none",
                timeout_keep_alive=KEEP_ALIVE_SECONDS,
                timeout_graceful_shutdown=SHUTDOWN_SECONDS,
            )
        )
        self._state = app.state
        self._state.connections = self.server_state.connections
        self._drain_seconds = settings.shutdown_drain
        self._drain_ends: float | None = None
        self._waiting: dict[tuple[H11Protocol, object], float] = {}

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Take a signal: the first SIGTERM begins the drain; any other ends it, SIGINT twice ends the process."""
        # uvicorn's own raises the signal again after a graceful stop, which ends the process as if it had been killed.
        if sig == signal.SIGTERM and not self._state.draining:
            self._state.draining = True
            # A kept connection would meet the end of the process with a request on its way.
            for headers in (self.config.encoded_headers, self.server_state.default_headers):
                headers.append((b"connection", b"close"))
        elif self.should_exit and sig == signal.SIGINT:
            self.force_exit = True
        else:
            self.should_exit = True

    async def on_tick(self, counter: int) -> bool:
        """What uvicorn asks every 0.1 s: True when it is time to stop."""
        now = time.monotonic()
        if self._state.draining and self._drain_ends is None:
            _log.info("draining", seconds=self._drain_seconds)
            self._drain_ends = now + self._drain_seconds
        if self._drain_ends is not None and now >= self._drain_ends:
            self.should_exit = True
        self._cut_off_waiting(now)
        return await super().on_tick(counter)

    def _cut_off_waiting(self, now: float) -> None:
        """Cut connections off that were without a request under way for too long: uvicorn itself never does."""
        waiting = [
            (connection, connection.cycle)
            for connection in self.server_state.connections
            if isinstance(connection, H11Protocol) and (connection.cycle is None or connection.cycle.response_complete)
        ]
        # A further request on a kept connection is another cycle, whose time begins anew.
        self._waiting = {each: self._waiting.get(each, now) for each in waiting}
        for (connection, _), since in self._waiting.items():
            if now - since > HEADER_SECONDS:
                connection.transport.abort()
