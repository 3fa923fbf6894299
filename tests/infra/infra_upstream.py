"""What stands for the identity service behind a real nginx."""

import http.server
import threading
from typing import ClassVar


class Upstream(http.server.BaseHTTPRequestHandler):
    """Gives the request's headers back, with a header of its own that the edge must not pass on."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        body = str(self.headers).encode()
        self.send_response(429 if self.path == "/limited" else 200)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Frame-Options", "SAMEORIGIN")
        if self.path == "/limited":
            self.send_header("Retry-After", "33")
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        """Reads all of the body before it answers, as the service does: the edge passes it on as it comes."""
        if self.headers.get("Transfer-Encoding") == "chunked":
            while size := int(self.rfile.readline() or b"0", 16):
                self.rfile.read(size + 2)
            self.rfile.readline()
        else:
            self.rfile.read(int(self.headers["Content-Length"]))
        self.send_error(501)

    def log_message(self, *arguments: object) -> None:
        pass


class Recorder(Upstream):
    """Says 200 to everything, and remembers what reached it."""

    seen: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        size = int(self.headers.get("Content-Length") or 0)
        self.rfile.read(size)
        self.seen.append(f"{self.command} {self.path}")
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_HEAD = do_POST = do_PUT = do_OPTIONS = do_GET


class SlowUpstream(Upstream):
    """Answers when it is told to."""

    asked, may_answer = threading.Event(), threading.Event()

    def do_GET(self) -> None:
        self.asked.set()
        self.may_answer.wait(10)
        super().do_GET()
