"""The passwords of Postgres and Redis are replaced while the stack is used, and nobody who uses it notices."""

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial

import httpx
import pytest
from cluster_stack import Kubectl, Society

from local import credentials

# Under every limit, and so that no society's mints become dear: after so many, another client of another society.
MINTS_EACH = 8
PAUSE_SECONDS = 1

LOG_IN = """
import asyncio, asyncpg, sys
async def main():
    try:
        await (await asyncpg.connect(sys.argv[1], password=sys.argv[2])).close()
        print("in")
    except asyncpg.PostgresError as error:
        print(type(error).__name__)
asyncio.run(main())
"""
PING = "REDISCLI_AUTH=$0 redis-cli -e --tls --cacert /etc/web4/redis-tls/ca.crt ping"

NewClient = Callable[[], httpx.Client]


@contextmanager
def use(new_client: NewClient) -> Iterator[list[tuple[str, int | str]]]:
    """Mint and read all the while; gives a list that each answer's status, or error, is added to."""
    answers: list[tuple[str, int | str]] = []
    enough = threading.Event()

    def note(what: str, send: Callable[[], httpx.Response]) -> httpx.Response | None:
        try:
            answer = send()
        except httpx.HTTPError as error:
            answers.append((what, repr(error)))
            return None
        answers.append((what, answer.status_code if answer.is_success else answer.text))
        return answer

    def run() -> None:
        while not enough.is_set():
            client, society = new_client(), Society()
            for _ in range(MINTS_EACH):
                minted = note("mint", partial(society.mint, client))
                if minted and minted.is_success:
                    path = f"/v1/lct/{minted.json()['data']['lct_id']}"
                    note("read", partial(client.get, path))
                if enough.wait(PAUSE_SECONDS):
                    return

    with ThreadPoolExecutor() as lanes:
        running = lanes.submit(run)
        try:
            yield answers
        finally:
            enough.set()
    running.result()  # raises what ended it before its time


def pods(kubectl: Kubectl) -> dict[str, set[str]]:
    return {
        app: {pod["metadata"]["name"] for pod in kubectl.json("get", "pods", f"--selector=app={app}")["items"]}
        for app in ("redis", "web4-identity")
    }


def postgres_says(kubectl: Kubectl, password: str) -> str:
    dsn = "postgresql://web4_identity_app@web4-identity-db-rw:5432/web4_identity_db"
    return kubectl("exec", "deployment/web4-identity", "--", "python3", "-c", LOG_IN, dsn, password).strip()


def redis_says(kubectl: Kubectl, password: str) -> str:
    return kubectl("exec", "deployment/redis", "--", "sh", "-c", f"{PING} 2>&1 || true", password).strip()


@pytest.fixture(scope="module")
def before(kubectl: Kubectl) -> dict[str, str]:
    return {
        "database": credentials.DATABASE_PASSWORD.file.read_text(),
        "redis": credentials.REDIS_PASSWORD.file.read_text(),
    }


def test_no_request_fails_while_the_passwords_change(
    before: dict[str, str], new_client: NewClient, kubectl: Kubectl
) -> None:
    kubectl.wait_for_replicas(2)
    old_pods = pods(kubectl)
    with use(new_client) as answers:
        done = subprocess.run([sys.executable, "-m", "local", "rotate"], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    assert set(answers) == {("mint", 201), ("read", 200)}
    kubectl.wait_for_replicas(2)
    assert all(not old_pods[app] & names for app, names in pods(kubectl).items())


def test_the_old_passwords_open_nothing_afterwards(before: dict[str, str], kubectl: Kubectl) -> None:
    now = {
        "database": credentials.DATABASE_PASSWORD.file.read_text(),
        "redis": credentials.REDIS_PASSWORD.file.read_text(),
    }
    assert now["database"] != before["database"] and now["redis"] != before["redis"]
    assert postgres_says(kubectl, now["database"]) == "in"
    assert postgres_says(kubectl, before["database"]) == "InvalidPasswordError"
    assert redis_says(kubectl, now["redis"]) == "PONG"
    assert "WRONGPASS" in redis_says(kubectl, before["redis"])


def test_no_pod_is_left_with_an_old_password(before: dict[str, str], kubectl: Kubectl) -> None:
    for deployment in ("redis", "web4-identity"):
        environment = kubectl("exec", f"deployment/{deployment}", "--", "env")
        assert "OTHER_PASSWORD" not in environment
        assert not [word for word in before.values() if word in environment]
