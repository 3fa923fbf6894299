"""/health, /livez, /readyz and /metrics."""

from datetime import UTC, datetime
from typing import Literal

from fastapi import FastAPI, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel
from sqlalchemy import text
from starlette.responses import JSONResponse

from web4_identity import SECURITY_LEVEL, SERVICE_VERSION
from web4_identity.db.engine import DatabaseUnavailable, NotMigrated
from web4_identity.redis_store import StoreUnavailable
from web4_identity.resources import Resources


class Health(BaseModel):
    """The four members the guide shows (Starting the Service), and no other."""

    status: Literal["healthy"] = "healthy"
    timestamp: datetime
    version: str = SERVICE_VERSION
    security_level: str = SECURITY_LEVEL


def add_probe_routes(app: FastAPI, resources: Resources) -> None:
    """Add the probe routes to `app`."""

    @app.get("/health")
    async def health() -> Health:
        """The guide's health answer; asks no dependency."""
        return Health(timestamp=datetime.now(UTC))

    @app.get("/livez")
    async def livez() -> dict[str, str]:
        """Whether the process answers; asks no dependency, as a restart cures none."""
        return {"status": "alive"}

    @app.get("/readyz")
    async def readyz() -> JSONResponse:
        """Whether requests should be sent here: "ready", "not ready" or "draining" (stopping soon, still answering).

        Each dependency is named; only the database is required.
        """
        database = await _database_state(resources)
        redis = await _redis_state(resources)
        status = "draining" if app.state.draining else "ready" if database == "ok" else "not ready"
        return JSONResponse(
            {"status": status, "dependencies": {"database": database, "redis": redis}},
            200 if status == "ready" else 503,
        )

    @app.get("/metrics")
    async def metrics() -> Response:
        """The Prometheus text format."""
        return Response(generate_latest(resources.metrics.registry), headers={"Content-Type": CONTENT_TYPE_LATEST})


async def _database_state(resources: Resources) -> str:
    try:
        async with resources.database.reading() as connection:
            # Not an equal revision: during a rolling update older pods must stay ready beside a newer schema.
            await connection.execute(text("SELECT 1 FROM societies LIMIT 1"))
    except NotMigrated:
        return "not migrated"
    except DatabaseUnavailable as error:
        resources.metrics.database_failed(error)
        return "unreachable"
    resources.metrics.dependency_up.labels("database").set(1)
    return "ok"


async def _redis_state(resources: Resources) -> str:
    if resources.redis is None:
        return "not used"
    try:
        await resources.redis.ping()
    except StoreUnavailable:
        return "unreachable"
    return "ok"
