"""Put the service together."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.middleware import Middleware

from web4_identity import SERVICE_VERSION
from web4_identity.api.balance import add_balance_routes
from web4_identity.api.description import describe, operation_id
from web4_identity.api.lct import add_lct_routes
from web4_identity.api.listing import add_listing_routes
from web4_identity.api.probes import add_probe_routes
from web4_identity.api.revocation import add_revocation_routes
from web4_identity.api.societies import add_society_routes
from web4_identity.api.standing import add_standing_routes
from web4_identity.db.engine import DatabaseUnavailable
from web4_identity.db.registry import society_names
from web4_identity.housekeeping import housekeeping
from web4_identity.http.access import Access
from web4_identity.http.admission import Admission
from web4_identity.http.body_limit import BodyLimit
from web4_identity.http.body_time import BodyTime
from web4_identity.http.connection_limit import ConnectionLimit
from web4_identity.http.problem_response import add_problem_handlers
from web4_identity.http.rate_limit import RateLimit
from web4_identity.http.strict_json import StrictJsonRoute
from web4_identity.logs import logger
from web4_identity.resources import Resources
from web4_identity.settings import Settings

_log = logger()


def create_app(settings: Settings) -> FastAPI:
    """The ASGI app for these settings. It connects to nothing until it is started or asked."""
    resources = Resources.build(settings)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        if settings.test_mode:
            _log.warning("test_mode_on", effect="the API description is published; never in production")
        await _start_society_series(resources)
        _log.info("started", version=SERVICE_VERSION)
        async with housekeeping(resources):
            yield
        await resources.close()
        _log.info("stopped")

    app = FastAPI(
        title="Web4 Identity Service",
        version=SERVICE_VERSION,
        lifespan=lifespan,
        # The description helps testers and attackers alike; the HTML pages would load scripts from elsewhere.
        openapi_url="/openapi.json" if settings.test_mode else None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=operation_id,
        middleware=[
            # Outermost first. Whatever the others say is logged and counted; a body is bounded before it is waited for.
            Middleware(Access, resources=resources),
            Middleware(ConnectionLimit, limit=settings.max_connections),
            Middleware(BodyLimit),
            Middleware(BodyTime),
            Middleware(Admission, resources=resources),
            Middleware(RateLimit, resources=resources),
        ],
    )
    # The server's part (web4_identity/server.py): it sets the first on SIGTERM and puts its connections in the second.
    app.state.draining = False
    app.state.connections = ()
    app.router.route_class = StrictJsonRoute
    add_problem_handlers(app, resources)
    add_lct_routes(app, resources)
    add_revocation_routes(app, resources)
    add_listing_routes(app, resources)
    add_balance_routes(app, resources)
    add_society_routes(app, resources)
    add_standing_routes(app, resources)
    add_probe_routes(app, resources)
    describe(app)
    return app


async def _start_society_series(resources: Resources) -> None:
    """Create the zero series of every registered society; without a database they appear with their first mint."""
    try:
        async with resources.database.reading() as connection:
            names = await society_names(connection)
    except DatabaseUnavailable as error:
        _log.warning("societies_not_read", cause=type(error).__name__)
        return
    for name in names:
        resources.metrics.society(name)
