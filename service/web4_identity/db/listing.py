"""Read the LCTs of a society, page by page."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, Select, case, select
from sqlalchemy.ext.asyncio import AsyncConnection

from web4_identity.db.tables import accounts, lcts, societies


async def society_id_of(connection: AsyncConnection, name: str) -> int | None:
    """The id of a registered society, or None."""
    return (await connection.execute(select(societies.c.id).where(societies.c.name == name))).scalar_one_or_none()


async def lcts_after(
    connection: AsyncConnection, society_id: int, position: int, limit: int
) -> Sequence[Row[*tuple[Any, ...]]]:
    """At most `limit` LCTs of a society that stand after `position` (0 is the start), in the order of their mints.

    A row's `position` is its account's id, given out while the mint holds the society's lock: whoever is committed
    later stands later, so that no page misses one. A mint's time would not do, as replicas' clocks differ.
    """
    page: Sequence[Row[*tuple[Any, ...]]] = (await connection.execute(page_query(society_id, position, limit))).all()
    return page


def page_query(society_id: int, position: int, limit: int) -> Select[Any]:
    """The query of lcts_after(), which the index accounts_lcts_of_society serves in its order."""
    return (
        select(
            accounts.c.id.label("position"),
            lcts.c.lct_id,
            lcts.c.entity_type,
            lcts.c.entity_identifier,
            case((lcts.c.revoked_at.is_(None), "active"), else_="revoked").label("status"),
            lcts.c.created_at,
        )
        .join(lcts, lcts.c.lct_id == accounts.c.lct_id)
        .where(accounts.c.society_id == society_id, accounts.c.kind == "lct", accounts.c.id > position)
        .order_by(accounts.c.id)
        .limit(limit)
    )
