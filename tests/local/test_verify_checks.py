"""`make verify` against a service that is as promised, and against ones that are not; no cluster."""

import json
import ssl
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from typer.testing import CliRunner

from infra.settings import IdentitySettings
from local.ctl.app import app
from local.deployment import Deployment, deployment
from local.errors import UserError
from local.paths import REPO
from local.verify import Row, table, verify

pytestmark = pytest.mark.unit

URL = "https://identity.test"


class Service:
    """Answers as the service does to what `verify` asks, with settings of its own."""

    def __init__(self, **settings: Any) -> None:
        self.settings = IdentitySettings(**settings)
        self.requests = 0
        self.revoked: list[str] = []
        self.minted: dict[str, Any] = {}
        self.funds = 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        path, body = request.url.path, json.loads(request.content or b"{}")
        if path == "/health":
            return httpx.Response(200, json={"status": "healthy"})
        self.requests += 1
        if self.requests > self.settings.rate_limit_per_ip:
            return httpx.Response(429, json={"code": "W4_ERR_RATE_LIMITED"})
        if path == "/v1/societies":
            self.funds = body["founder_funds"]
            return httpx.Response(201, json={})
        if path == "/v1/lct/mint":
            return self.mint(body, signed="signature" in request.headers)
        if path.endswith("/revoke"):
            self.revoked.append(path.split("/")[3])
            return httpx.Response(200, json={})
        if path.startswith("/v1/atp/"):
            return httpx.Response(200, json={"balance": self.funds})
        if path.startswith("/v1/societies/"):
            factor = self.settings.atp_mint_scale_factor
            return httpx.Response(200, json={"next_mint_price": int(self.settings.atp_mint_base_cost * factor)})
        if self.minted:
            return httpx.Response(200, json={"binding": {"public_key": self.minted["public_key"]}})
        return httpx.Response(404, json={"code": "W4_ERR_LCT_NOT_FOUND"})

    def mint(self, body: dict[str, Any], *, signed: bool) -> httpx.Response:
        if not signed:
            return httpx.Response(401, json={"code": "W4_ERR_SIGNATURE_MISSING"})
        if body["entity_type"] == "human":
            return httpx.Response(409, json={"code": "W4_ERR_WITNESS_QUORUM"})
        self.minted = body
        price = self.settings.atp_mint_base_cost
        self.funds -= price
        granted = {"atp_cost": price, "new_entity_atp_granted": self.settings.initial_atp_grant}
        return httpx.Response(201, json=granted)


class LetsHumansIn(Service):
    def mint(self, body: dict[str, Any], *, signed: bool) -> httpx.Response:
        return super().mint({**body, "entity_type": "device"}, signed=signed)


class AcceptsTheUnsigned(Service):
    def mint(self, body: dict[str, Any], *, signed: bool) -> httpx.Response:
        return super().mint(body, signed=True)


def rows_of(answers: Callable[[httpx.Request], httpx.Response], **promised: Any) -> list[Row]:
    where = Deployment(URL, ssl.create_default_context(), Ed25519PrivateKey.generate(), IdentitySettings(**promised))
    return verify(where, httpx.Client(base_url=URL, transport=httpx.MockTransport(answers)))


def failed(rows: list[Row]) -> list[str]:
    return [row.check for row in rows if not row.ok]


def test_a_service_as_promised_passes() -> None:
    rows = rows_of(Service())
    assert failed(rows) == []
    assert len(rows) == 11


def test_what_was_made_is_revoked_again_even_after_a_failure() -> None:
    service = Service()

    def broken(request: httpx.Request) -> httpx.Response:
        if request.url.path.startswith("/v1/atp/"):
            raise httpx.ConnectError("gone", request=request)
        return service(request)

    with pytest.raises(UserError, match="cannot be reached"):
        rows_of(broken)
    assert len(set(service.revoked)) == 2


@pytest.mark.parametrize(
    ("service", "checks"),
    [
        (
            Service(atp_mint_base_cost=200),
            ["ATP: the first mint's cost", "ATP: left to the payer", "ATP: the next mint's cost"],
        ),
        (Service(atp_mint_scale_factor="2"), ["ATP: the next mint's cost"]),
        (Service(initial_atp_grant=1), ["ATP: the device's grant"]),
        (Service(rate_limit_per_ip=1000), ["rate limit: within 21 requests"]),
        (LetsHumansIn(), ["witnesses: a human without", "witnesses: the refusal was free"]),
        (AcceptsTheUnsigned(), ["mint: unsigned"]),
    ],
    ids=["dear", "steep", "mean", "unlimited", "without witnesses", "unsigned"],
)
def test_a_service_that_is_not_as_promised_fails_where_it_differs(service: Service, checks: list[str]) -> None:
    assert failed(rows_of(service)) == checks


def test_a_service_that_is_down_behind_its_edge_fails() -> None:
    with pytest.raises(UserError, match="no society could be founded to mint into: 502"):
        rows_of(lambda request: httpx.Response(502, text="<html>"))


def test_the_table_says_what_was_expected_and_what_came() -> None:
    lines = table([Row("mint", "201", "201"), Row("limit", "429", "404 W4_ERR_LCT_NOT_FOUND")]).splitlines()
    assert [line.split() for line in lines] == [
        ["check", "expected", "got", "ok"],
        ["mint", "201", "201", "yes"],
        ["limit", "429", "404", "W4_ERR_LCT_NOT_FOUND", "NO"],
    ]


@pytest.mark.parametrize(("got", "code"), [("201", 0), ("500", 1)])
def test_programs_get_json_and_an_exit_code(monkeypatch: pytest.MonkeyPatch, got: str, code: int) -> None:
    monkeypatch.setattr("local.deployment.deployment", lambda name: name)
    monkeypatch.setattr("local.verify.verify", lambda where: [Row("mint", "201", got)])
    done = CliRunner().invoke(app, ["verify", "--json"])
    assert done.exit_code == code
    assert json.loads(done.stdout) == [{"check": "mint", "expected": "201", "got": got, "ok": code == 0}]


@pytest.mark.parametrize(
    ("stack", "part"),
    [
        ("local", "there is no stack on this machine: run `make up` first."),
        ("prod", "Pulumi.prod.yaml is not ready:"),
    ],
)
def test_a_stack_that_cannot_be_verified_is_one_clear_error(tmp_path: Path, stack: str, part: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "local", "verify", f"--stack={stack}"],
        cwd=REPO,
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "WEB4_CACHE": str(tmp_path / "cache")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert f"error: {part}" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.fixture
def staging(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The committed example of another stack, with a kubeconfig that is there."""
    (tmp_path / ".kube").mkdir()
    (tmp_path / ".kube" / "config").write_text("")
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize(
    ("variables", "part"),
    [
        ({}, "set VERIFY_KEY=FILE"),
        ({"VERIFY_KEY": "/no/such.pem"}, "/no/such.pem is not a readable private key"),
        ({"VERIFY_KEY": "/dev/null"}, "/dev/null is not a readable private key"),
        ({"VERIFY_KEY": "/dev/null", "VERIFY_CA": "/no/such.crt"}, "/no/such.crt is not a readable CA file"),
    ],
)
def test_what_another_stack_lacks_is_named(staging: Path, variables: dict[str, str], part: str) -> None:
    with pytest.raises(UserError) as caught:
        deployment("staging", variables)
    assert str(caught.value).startswith(part)


def test_another_stacks_edge_is_at_its_public_name(staging: Path) -> None:
    cli = Path(sys.executable).with_name("web4-identity")
    subprocess.run([cli, "keygen", "--out", staging / "key.pem"], check=True, capture_output=True)
    where = deployment("staging", {"VERIFY_KEY": str(staging / "key.pem")})
    assert where.url == "https://identity.staging.example.com"
    assert where.promised.atp_mint_base_cost == 100
    elsewhere = deployment("staging", {"VERIFY_KEY": str(staging / "key.pem"), "VERIFY_URL": "https://10.0.0.1:8443/"})
    assert elsewhere.url == "https://10.0.0.1:8443"
