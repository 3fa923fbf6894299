"""The security gate behind a firewall: where its refusal defends, and where only the service's own does."""

import http.server
import json
import ssl
import threading
from collections.abc import AsyncIterator
from types import ModuleType

import pytest
from web4_identity.validation import binding, injection, lengths, payer, protocol, shapes, witnesses
from web4_identity.validation.bed import Bed
from web4_identity.validation.craft import Party

pytestmark = pytest.mark.unit


class Firewall(http.server.BaseHTTPRequestHandler):
    """Refuses everything but a look for an LCT, which is absent."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.answer(404, "W4_ERR_LCT_NOT_FOUND")

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.answer(403, "W4_ERR_WAF")

    do_PUT = do_DELETE = do_PATCH = do_POST

    def answer(self, status: int, code: str) -> None:
        body = json.dumps({"status": status, "code": code}).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture
async def bed() -> AsyncIterator[Bed]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Firewall)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    bed = Bed(url, Party.new(), "web4", ssl.create_default_context(), (), 20)
    yield bed
    await bed.close()
    server.shutdown()
    server.server_close()


async def defended(bed: Bed, *modules: ModuleType) -> dict[str, bool]:
    return {a.name: (await a.run(bed)).defended for module in modules for a in module.attacks()}


async def test_an_injection_may_be_refused_by_a_firewall(bed: Bed) -> None:
    found = await defended(bed, injection, protocol)
    # Of a name that is almost another's no firewall knows.
    assert [name for name, is_defended in found.items() if not is_defended] == [
        "full width in society",
        "trailing space in society",
    ]


async def test_a_malformed_body_may_be_too_and_a_wrong_type_not(bed: Bed) -> None:
    found = await defended(bed, shapes)
    assert found["body is truncated"] and found["extra field __proto__"]
    assert not found["society is null"]


async def test_what_only_the_service_can_know_may_not(bed: Bed) -> None:
    assert set((await defended(bed, payer, binding, witnesses, lengths)).values()) == {False}
