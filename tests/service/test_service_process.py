"""The installed command from end to end: migrate, genesis, keygen, two servers, mint through TLS, 429, SIGTERM."""

import asyncio
import json
import ssl
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from fixture_types import JoinRelay, Order, Serve
from mint_parts import Key
from service_servers import INHERITED, PASSWORD, RedisServer, stop
from sqlalchemy import text
from web4_identity.db.engine import Database
from web4_identity.signature import PayerAuth

pytestmark = pytest.mark.unit


async def cli(*args: object, **env: str) -> tuple[int | None, str, str]:
    """Run the command without blocking this process (which may hold the TLS edge) and give code, stdout, stderr."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "web4_identity",
        *map(str, args),
        env={**INHERITED, **env},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    out, err = await asyncio.wait_for(process.communicate(), 60)
    return process.returncode, out.decode(), err.decode()


@pytest.fixture
def edge_certificate(tmp_path: Path) -> tuple[ssl.SSLContext, Path]:
    """A self-signed certificate for 127.0.0.1: (server context, path of the certificate)."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "edge")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "edge.pem"
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(path)
    return context, path


@pytest.mark.backends("postgres", "sqlite")
async def test_from_an_empty_database_to_minted_lcts(
    empty_database_url: str,
    redis_server: RedisServer,
    serve: Serve,
    tmp_path: Path,
    relay: JoinRelay,
    edge_certificate: tuple[ssl.SSLContext, Path],
) -> None:
    redis_server.client.flushall()
    env = {
        "DATABASE_URL": empty_database_url,
        "REDIS_HOST": "127.0.0.1",
        "REDIS_PORT": str(redis_server.port),
        "SHUTDOWN_DRAIN_SECONDS": "0",
        "RATE_LIMIT_MAX_REQUESTS_PER_IP": "6",
    }

    founder_key, device_key = tmp_path / "founder.pem", tmp_path / "device.pem"
    code, out, _ = await cli("keygen", "--out", founder_key)
    founder = dict(line.split(": ") for line in out.splitlines())
    assert code == 0 and founder["public_key"].startswith("z6Mk")
    device = dict(line.split(": ") for line in (await cli("keygen", "--out", device_key))[1].splitlines())

    genesis = ["--genesis-society", "home", "--genesis-public-key", founder["public_key"], "--genesis-funds", "1000"]
    runs = await asyncio.gather(*(cli("migrate", *genesis, **env) for _ in range(2)))
    assert [code for code, _, _ in runs] == [0, 0], runs
    assert sorted("founded" in out for _, out, _ in runs) == [False, True]
    code, out, _ = await cli("genesis", *genesis, **env)
    assert (code, out) == (0, f"society home: already there, unchanged, founder {founder['lct_id']}\n")
    code, _, err = await cli("genesis", *genesis[:3], device["public_key"], **env)
    assert code == 1 and err.startswith("web4-identity: genesis refused: society 'home' exists with another founder")

    (one, port, log), (two, other_port, _) = serve(env), serve(env)
    context, authority = edge_certificate
    edge = await relay(port, context)
    entity = ["--caller-key", founder_key, "--society", "home", "--entity-type", "device"]
    mint = ["mint", "--url", f"https://127.0.0.1:{edge.port}", "--ca-file", authority, *entity]

    code, out, err = await cli(*mint, "--entity-identifier", "lamp", "--key-file", device_key)
    assert (code, err) == (0, "")
    assert out == (
        f"minted {device['lct_id']} for 100 ATP; the caller has 900 ATP left, the entity was granted 10000\n"
    )
    code, out, err = await cli(*mint, "--entity-identifier", "fan", "--json")
    assert code == 0 and json.loads(out)["atp_cost"] == 150 and "fresh key" in err
    code, out, err = await cli(*mint, "--entity-identifier", "fan", "--key-file", device_key)
    assert (code, out) == (1, "")
    assert err.startswith("web4-identity: Already minted (W4_ERR_DUPLICATE, HTTP 409): ") and err.count("\n") == 1

    code, _, err = await cli("mint", "--url", f"https://127.0.0.1:{edge.port}", *entity, "--entity-identifier", "x")
    assert code == 1 and "certificate verify failed" in err and "Traceback" not in err

    # Three requests are counted so far, all by the first server; both share what is left.
    absent = "v1/lct/lct:web4:absent"
    async with httpx.AsyncClient() as client:
        ports = [port, other_port, other_port, port, other_port]
        statuses = [(await client.get(f"http://127.0.0.1:{p}/{absent}")).status_code for p in ports]
        assert statuses == [404, 404, 404, 429, 429]
        answer = await client.get(f"http://127.0.0.1:{port}/health")
        assert "server" not in answer.headers
    code, _, err = await cli(*mint, "--entity-identifier", "late", "--key-file", device_key)
    assert code == 1 and "W4_ERR_RATE_LIMITED, HTTP 429" in err and "retry after" in err

    assert await cli("ledger", "verify", **env) == (
        0,
        "the ledger is sound: 6 transfers, 5 accounts, 10001000 ATP issued\n",
        "",
    )
    assert [await asyncio.to_thread(stop, process) for process in (one, two)] == [0, 0]

    lines = [json.loads(line) for line in log.read_text().splitlines()]
    requests = [line for line in lines if line["event"] == "request"]
    assert [line["status"] for line in requests] == [201, 201, 409, 404, 429, 429]
    assert requests[0]["client_ip"] == "127.0.0.1" and requests[0]["route"] == "/v1/lct/mint"
    assert requests[0]["request_id"] and requests[0]["duration_ms"] > 0
    assert lines[-1]["event"].startswith("Finished server process")
    assert PASSWORD not in log.read_text() and "PRIVATE KEY" not in log.read_text()


async def test_an_operator_makes_a_first_witness(
    env: dict[str, str], serve: Serve, tmp_path: Path, founder: Key
) -> None:
    env = {**env, "MIN_WITNESS_AGE_DAYS": "30", "MIN_WITNESS_ACTIONS": "50"}
    key = tmp_path / "founder.pem"
    pem = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    key.write_bytes(founder.private.private_bytes(*pem))
    _, port, _ = serve(env)
    mint = ["mint", "--url", f"http://127.0.0.1:{port}", "--caller-key", key, "--society", "commons"]
    mint += ["--entity-type", "ai", "--entity-identifier", "helper", "--witness-key", key]
    code, _, err = await cli(*mint)
    assert code == 1 and "W4_ERR_WITNESS_QUORUM" in err
    vouch = ["--actions", "50", "--since", "2025-01-31T00:00:00Z"]
    assert await cli("standing", founder.lct_id, *vouch, **env) == (0, f"standing of {founder.lct_id} is set\n", "")
    code, out, err = await cli(*mint)
    assert code == 0 and out.startswith("minted "), err

    # A witness elsewhere attests with a key that the caller never sees.
    device, signed = tmp_path / "device.pem", tmp_path / "attestation.json"
    shown = dict(line.split(": ") for line in (await cli("keygen", "--out", device))[1].splitlines())
    about = ["--society", "commons", "--entity-type", "ai", "--entity-identifier", "second"]
    code, out, _ = await cli(
        "attest", "--key-file", key, "--caller", founder.lct_id, "--public-key", shown["public_key"], *about
    )
    signed.write_text(out)
    payer = ["mint", "--url", f"http://127.0.0.1:{port}", "--caller-key", key, "--attestation", signed]
    code, _, err = await cli(*payer, *about)
    assert code == 1 and "W4_ERR_WITNESS_QUORUM" in err, "it attests the device's key, and no fresh one"
    code, out, err = await cli(*payer, *about, "--key-file", device)
    assert (code, out.startswith(f"minted {shown['lct_id']} ")) == (0, True), err

    code, _, err = await cli("standing", "lct:web4:absent", **env)
    assert (code, err) == (1, "web4-identity: no LCT lct:web4:absent is registered\n")


async def test_a_request_under_way_is_answered_before_sigterm_ends_the_server(
    env: dict[str, str], serve: Serve, database: Database, order: Order, founder: Key
) -> None:
    process, port, _ = serve(env)
    async with (
        database.transaction() as holder,
        httpx.AsyncClient(timeout=20, auth=PayerAuth(founder.private)) as client,
    ):
        await holder.execute(text("SELECT 1 FROM societies FOR UPDATE"))
        waiting = asyncio.create_task(client.post(f"http://127.0.0.1:{port}/v1/lct/mint", json=order()))
        await asyncio.sleep(1)
        process.terminate()
        await asyncio.sleep(0.5)
        assert process.poll() is None and not waiting.done()
        await holder.rollback()
        assert (await waiting).status_code == 201
    assert await asyncio.to_thread(stop, process) == 0


async def test_a_taken_port_is_a_failed_start(env: dict[str, str], serve: Serve) -> None:
    _, port, _ = serve(env)
    code, out, err = await cli("serve", **{**env, "WEB4_IDENTITY_HOST": "127.0.0.1", "WEB4_IDENTITY_PORT": str(port)})
    assert code not in (0, None)
    assert "address already in use" in out and "Traceback" not in out + err


async def test_an_entity_revokes_its_lct_through_the_edge(
    env: dict[str, str],
    serve: Serve,
    tmp_path: Path,
    relay: JoinRelay,
    edge_certificate: tuple[ssl.SSLContext, Path],
    founder: Key,
) -> None:
    key = tmp_path / "founder.pem"
    pem = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    key.write_bytes(founder.private.private_bytes(*pem))
    _, port, _ = serve(env)
    context, authority = edge_certificate
    edge = await relay(port, context)
    revoke = ["revoke", "--key-file", key, "--url", f"https://127.0.0.1:{edge.port}", "--ca-file", authority]
    once = [*revoke, "--reason", "key lost", "--idempotency-key", "once"]
    code, out, err = await cli(*once)
    assert (code, err) == (0, "") and out.startswith(f"revoked {founder.lct_id} at 20")
    assert await cli(*once) == (0, out, "")
    code, out, err = await cli(*revoke)
    assert (code, out) == (1, "")
    assert err.startswith("web4-identity: LCT already revoked (W4_ERR_LCT_ALREADY_REVOKED, HTTP 409): ")
    async with httpx.AsyncClient() as client:
        document = (await client.get(f"http://127.0.0.1:{port}/v1/lct/{founder.lct_id}")).json()
    assert (document["revocation"]["status"], document["revocation"]["reason"]) == ("revoked", "key lost")
