"""`python -m traffic`: so many clients, each at its pace, until it is ended (SIGTERM). locust starts and times them.

SIGUSR1 puts the clients' clock ten minutes ahead, SIGUSR2 puts it right again.
"""

# First, as it makes sockets and threads cooperative before anybody has one.
from locust import User, constant_pacing, task

# isort: split
import signal
import ssl
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import gevent
import typer
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from locust.env import Environment
from web4_identity.signature import PayerAuth

from traffic.clients import Client, Setting
from traffic.parties import Clock, Town
from traffic.record import Record, Sent

CLIENTS_OF_A_TOWN = 4
STEP = timedelta(minutes=10)


class Profile(User):
    """A client as locust runs it: 1 request in 20 is a revocation, 3 are bad, 6 are mints, 10 are reads."""

    clients: list[Client]

    def on_start(self) -> None:
        """Take one of the clients."""
        self._client = self.clients.pop()

    @task(6)
    def mint(self) -> None:
        """Mint."""
        self._tell(self._client.mint())

    @task(10)
    def read(self) -> None:
        """Read."""
        self._tell(self._client.read())

    @task(1)
    def revoke(self) -> None:
        """Revoke."""
        self._tell(self._client.revoke())

    @task(3)
    def bad(self) -> None:
        """Send what must be refused."""
        self._tell(self._client.bad())

    def _tell(self, sent: Sent) -> None:
        self.environment.events.request.fire(
            request_type=sent.kind,
            name=sent.kind,
            response_time=(sent.until - sent.at) * 1000,
            response_length=0,
            exception=None if sent.ok else RuntimeError(f"{sent.status} {sent.error}"),
            context={},
        )


def main(
    url: Annotated[str, typer.Option(help="The edge's.")],
    ca_file: Annotated[Path, typer.Option(help="Whose certificates are believed.")],
    operator_key: Annotated[Path, typer.Option(help="Private key of an operator, who founds the societies.")],
    run: Annotated[str, typer.Option(help="What the societies are called after.")],
    record: Annotated[Path, typer.Option(help="Where each request is written to, as a line of JSON.")],
    address: Annotated[list[str], typer.Option(help="A client's address; repeat for more clients.")],
    pace: Annotated[float, typer.Option(help="Seconds from one request of a client to its next.")] = 8,
) -> None:
    """Send mints, reads, revocations and bad input through the edge, and write down every answer."""
    clock = Clock()
    key = load_pem_private_key(operator_key.read_bytes(), password=None)
    assert isinstance(key, Ed25519PrivateKey)
    operator = PayerAuth(key, clock.now)
    trust = ssl.create_default_context(cafile=str(ca_file))
    setting = Setting(url, trust, run, operator, clock, Record(record))
    towns = [Town() for _ in range(-(-len(address) // CLIENTS_OF_A_TOWN))]
    Profile.clients = [Client(setting, towns[n % len(towns)], own) for n, own in enumerate(address)]
    Profile.wait_time = constant_pacing(pace)
    runner = Environment(user_classes=[Profile]).create_local_runner()
    for number, step in ((signal.SIGUSR1, STEP), (signal.SIGUSR2, timedelta(0))):
        gevent.signal_handler(number, setattr, clock, "ahead", step)
    gevent.signal_handler(signal.SIGTERM, runner.quit)
    # Spread over one pace, so that they do not come in step.
    runner.start(len(address), spawn_rate=len(address) / pace)
    runner.greenlet.join()


if __name__ == "__main__":
    typer.run(main)
