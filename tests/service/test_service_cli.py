"""Command-line behaviour that needs no server: key files, usage errors, unreachable services."""

import base64
import stat
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import base58
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from service_servers import free_port
from typer.testing import CliRunner, Result
from web4_identity.cli import app
from web4_identity.domain.binding import read_proof
from web4_identity.domain.entities import EntityType

pytestmark = pytest.mark.unit


def run(*args: object) -> Result:
    return CliRunner().invoke(app, [str(arg) for arg in args])


def secret_of(path: Path) -> bytes:
    key = load_pem_private_key(path.read_bytes(), None)
    assert isinstance(key, Ed25519PrivateKey)
    return key.private_bytes_raw()


def test_keygen_writes_a_private_file_that_show_reads_back(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    made = run("keygen", "--out", path)
    assert made.exit_code == 0
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_bytes().startswith(b"-----BEGIN PRIVATE KEY-----")
    assert len(secret_of(path)) == 32
    shown = run("keygen", "--show", path)
    assert shown.stdout == made.stdout and "lct_id: lct:web4:mb32:b" in shown.stdout
    assert [file.name for file in tmp_path.iterdir()] == ["key.pem"]


def test_keygen_overwrites_only_when_forced(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    run("keygen", "--out", path)
    before = path.read_bytes()
    refused = run("keygen", "--out", path)
    assert (refused.exit_code, refused.stderr) == (1, f"web4-identity: {path} exists; --force replaces it\n")
    assert path.read_bytes() == before
    assert run("keygen", "--out", path, "--force").exit_code == 0
    assert path.read_bytes() != before
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_keygen_errors_are_one_line(tmp_path: Path) -> None:
    assert run("keygen").exit_code == 2
    assert "No such file" in run("keygen", "--show", tmp_path / "absent").stderr
    assert "No such file" in run("keygen", "--out", tmp_path / "no" / "key").stderr
    other = tmp_path / "other.pem"
    other.write_text("hello")
    assert "not an unencrypted PEM private key" in run("keygen", "--show", other).stderr
    curve = ec.generate_private_key(ec.SECP256R1())
    other.write_bytes(curve.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    assert "not an Ed25519 key" in run("keygen", "--show", other).stderr


MINT = ["--society", "s", "--entity-type", "device", "--entity-identifier", "d"]


@pytest.fixture
def payer(tmp_path: Path) -> tuple[str, Path]:
    """The options that name a payer's key file."""
    path = tmp_path / "payer.pem"
    run("keygen", "--out", path)
    return "--caller-key", path


class Recording(HTTPServer):
    """Drops the first `lost` requests after reading them, then answers 500 in plain text; keeps all it got."""

    bodies: list[bytes]
    headers: list[dict[str, str]]
    lost: int


class Recorder(BaseHTTPRequestHandler):
    server: Recording

    def do_POST(self) -> None:
        self.server.bodies.append(self.rfile.read(int(self.headers["content-length"])))
        self.server.headers.append(dict(self.headers))
        if len(self.server.bodies) <= self.server.lost:
            self.close_connection = True
            return
        self.send_response(500)
        self.end_headers()
        self.wfile.write(b"oops")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def recorder() -> Iterator[Recording]:
    server = Recording(("127.0.0.1", 0), Recorder)
    server.bodies, server.headers, server.lost = [], [], 0
    Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def test_mint_tries_an_answered_request_once_and_sends_no_private_key(
    tmp_path: Path, payer: tuple[str, Path], recorder: Recording
) -> None:
    key = tmp_path / "key.pem"
    run("keygen", "--out", key)
    result = run("mint", "--url", f"http://127.0.0.1:{recorder.server_port}", *MINT, *payer, "--key-file", key)
    assert result.exit_code == 1 and "HTTP 500 without a JSON answer" in result.stderr
    assert len(recorder.bodies) == 1
    assert b"z6Mk" in recorder.bodies[0]
    sent = recorder.bodies[0] + str(recorder.headers[0]).encode()
    for path in (key, payer[1]):
        secret = secret_of(path)
        for form in (secret, secret.hex().encode(), base64.b64encode(secret), base58.b58encode(secret)):
            assert form not in sent


def test_mint_repeats_a_lost_answer_with_the_same_key_and_order_and_a_new_signature(
    payer: tuple[str, Path], recorder: Recording
) -> None:
    recorder.lost = 2
    url = f"http://127.0.0.1:{recorder.server_port}"
    assert run("mint", "--url", url, *MINT, *payer, "--idempotency-key", "lamp-1").exit_code == 1
    assert len(recorder.bodies) == 3 and len(set(recorder.bodies)) == 1
    assert {sent["Idempotency-Key"] for sent in recorder.headers} == {"lamp-1"}
    assert len({sent["Signature"] for sent in recorder.headers}) == 3


@pytest.mark.parametrize("key", ["", "with space", "ü", "x" * 129])
def test_mint_refuses_an_unusable_idempotency_key(payer: tuple[str, Path], key: str) -> None:
    result = run("mint", "--url", "http://127.0.0.1:1", *MINT, *payer, "--idempotency-key", key)
    assert result.exit_code == 2 and "128 visible ASCII" in result.stderr


def test_revoke_repeats_a_lost_answer_with_the_same_key_and_sends_no_private_key(
    payer: tuple[str, Path], recorder: Recording
) -> None:
    recorder.lost = 1
    url = f"http://127.0.0.1:{recorder.server_port}"
    result = run("revoke", "--url", url, "--key-file", payer[1], "--reason", "lost")
    assert result.exit_code == 1 and "HTTP 500 without a JSON answer" in result.stderr
    assert recorder.bodies == [b'{"reason":"lost"}'] * 2
    assert len({sent["Idempotency-Key"] for sent in recorder.headers}) == 1
    assert len({sent["Signature"] for sent in recorder.headers}) == 2
    secret = secret_of(payer[1])
    for form in (secret, secret.hex().encode(), base64.b64encode(secret), base58.b58encode(secret)):
        assert form not in str(recorder.headers).encode()


def test_revoke_refuses_an_unusable_idempotency_key(payer: tuple[str, Path]) -> None:
    result = run("revoke", "--url", "http://127.0.0.1:1", "--key-file", payer[1], "--idempotency-key", "with space")
    assert result.exit_code == 2 and "128 visible ASCII" in result.stderr


def test_mint_names_a_file_that_is_no_attestation(tmp_path: Path, payer: tuple[str, Path]) -> None:
    path = tmp_path / "attestation.json"
    for text, message in (
        (None, "No such file"),
        ("{", "not what"),
        ('{"lct_id": "x"}', "not what"),
        ("[]", "not what"),
    ):
        if text is not None:
            path.write_text(text)
        result = run("mint", "--url", "http://127.0.0.1:1", *MINT, *payer, "--attestation", path)
        assert result.exit_code == 1 and message in result.stderr and "Traceback" not in result.stderr


def test_attest_names_a_bad_public_key(payer: tuple[str, Path]) -> None:
    about = ["--key-file", payer[1], "--caller", "lct:web4:x", "--public-key", "z6MkNo", *MINT]
    result = run("attest", *about)
    assert result.exit_code == 2 and "--public-key: not an Ed25519 Multikey" in result.stderr


@pytest.mark.parametrize("url", ["http://127.0.0.1:{port}", "nonsense", "ftp://127.0.0.1/"])
def test_mint_that_reaches_nothing_is_one_line(url: str, payer: tuple[str, Path]) -> None:
    result = run("mint", "--url", url.format(port=free_port()), *MINT, *payer)
    assert result.exit_code == 1
    assert result.stderr.splitlines()[-1].startswith("web4-identity: ")
    assert "Traceback" not in result.stderr


def test_mint_names_a_bad_ca_file(tmp_path: Path, payer: tuple[str, Path]) -> None:
    bad = tmp_path / "ca.pem"
    bad.write_text("no certificate")
    result = run("mint", "--url", "https://127.0.0.1:1", *MINT, *payer, "--ca-file", bad)
    assert result.exit_code == 1 and f"{bad}: not a readable CA file" in result.stderr


@pytest.mark.parametrize(
    "options",
    [["--genesis-society", "x"], ["--genesis-public-key", "x"], ["--genesis-funds", "1"], ["--genesis-witness", "x"]],
)
def test_migrate_wants_the_genesis_options_together(options: list[str]) -> None:
    result = run("migrate", *options)
    assert result.exit_code == 2 and "--genesis-society" in result.stderr


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--talent", "1.1"], "--talent"),
        (["--actions", "-1"], "--actions"),
        (["--since", "yesterday"], "with its zone"),
        (["--since", "2025-01-31T00:00:00"], "with its zone"),
        (["--since", "0001-01-01T00:00:00+14:00"], "with its zone"),
    ],
)
def test_standing_names_what_it_cannot_use(monkeypatch: pytest.MonkeyPatch, options: list[str], message: str) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://u:p@127.0.0.1:1/d")
    result = run("standing", "lct:web4:x", *options)
    assert result.exit_code == 2 and message in result.stderr


def test_an_unreachable_database_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", f"postgresql://u:hidden-word@127.0.0.1:{free_port()}/d")
    for command in (["migrate", "--wait-seconds", "0"], ["ledger", "verify"]):
        result = run(*command)
        assert result.exit_code == 1
        assert result.stderr.startswith("web4-identity: database unavailable: ")
        assert result.stderr.count("\n") == 1 and "hidden-word" not in result.stderr


def test_sqlite_has_no_roles_to_wait_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/identity.db")
    result = run("migrate", "--wait-for-role", "web4_identity_app")
    assert result.exit_code == 2 and "SQLite has no roles" in result.stderr
    assert not (tmp_path / "identity.db").exists()


@pytest.mark.parametrize(
    "command",
    [
        [],
        ["serve"],
        ["check-config"],
        ["migrate"],
        ["genesis"],
        ["keygen"],
        ["mint"],
        ["attest"],
        ["revoke"],
        ["standing"],
        ["validate"],
        ["openapi"],
        ["ledger", "verify"],
    ],
)
def test_every_command_has_help(command: list[str]) -> None:
    result = run(*command, "--help")
    assert result.exit_code == 0 and "Usage" in result.stdout


def test_keygen_prints_a_binding_proof_of_the_key(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    run("keygen", "--out", path)
    shown = run("keygen", "--show", path, "--binding", "organization").stdout
    said = dict(line.split(": ") for line in shown.splitlines())
    assert set(said) == {"lct_id", "public_key", "binding_proof"}
    assert read_proof(said["binding_proof"], EntityType.ORGANIZATION, said["public_key"])
