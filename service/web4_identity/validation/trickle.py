"""Send a body slowly and hear the answer at once, which an HTTP client library reads only after the body's end."""

import asyncio
import ssl
from collections.abc import AsyncIterator

import h11
import httpx

from web4_identity.validation.answer import CLOSED, Answer


async def trickle(
    url: httpx.URL,
    headers: dict[str, str],
    pieces: AsyncIterator[bytes],
    trust: ssl.SSLContext,
    server_name: str,
    address: str | None,
) -> Answer:
    """Post the `pieces` as they come to `url`, chunked, from the local `address`, until the answer or the body's end.

    `headers` name the Host, `server_name` is what a certificate must be for.
    Raises OSError when there is no connection.
    """
    secure = url.scheme == "https"
    reader, writer = await asyncio.open_connection(
        url.host,
        url.port or (443 if secure else 80),
        ssl=trust if secure else None,
        server_hostname=server_name if secure else None,
        local_addr=(address, 0) if address else None,
    )
    http = h11.Connection(our_role=h11.CLIENT)
    sending = asyncio.create_task(_send(http, writer, url, headers, pieces))
    try:
        return await _answer(http, reader)
    except (OSError, h11.RemoteProtocolError):
        return Answer(CLOSED)
    finally:
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
        writer.transport.abort()


async def _send(
    http: h11.Connection,
    writer: asyncio.StreamWriter,
    url: httpx.URL,
    headers: dict[str, str],
    pieces: AsyncIterator[bytes],
) -> None:
    fields = {**headers, "Transfer-Encoding": "chunked"}
    writer.write(http.send(h11.Request(method="POST", target=url.raw_path, headers=list(fields.items()))))
    async for piece in pieces:
        writer.write(http.send(h11.Data(data=piece)))
        await writer.drain()
    writer.write(http.send(h11.EndOfMessage()))


async def _answer(http: h11.Connection, reader: asyncio.StreamReader) -> Answer:
    status, headers, text = CLOSED, {}, b""
    while True:
        event = http.next_event()
        if event is h11.NEED_DATA:
            http.receive_data(await reader.read(65536))
        elif isinstance(event, h11.Response):
            status = event.status_code
            headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in event.headers}
        elif isinstance(event, h11.Data):
            text += event.data
        elif isinstance(event, h11.EndOfMessage | h11.ConnectionClosed):
            return Answer(status, headers, text.decode("utf-8", "replace"))
