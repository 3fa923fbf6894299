"""The systemd unit: systemd understands it, what is exposed is little, and it says what the guide says."""

import configparser
import re
import subprocess
from pathlib import Path

import pytest
from service_servers import binary

pytestmark = pytest.mark.unit

UNIT = Path(__file__).parents[2] / "service" / "web4-identity.service"
MOST_EXPOSED = 2.0


def analyze(*args: object) -> subprocess.CompletedProcess[str]:
    command = [binary("systemd-analyze", "systemd"), *map(str, args)]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, env={"PATH": "/usr/bin:/bin", "LC_ALL": "C"}
    )


def test_little_is_exposed() -> None:
    result = analyze("security", "--offline=true", UNIT)
    found = re.search(r"Overall exposure level for web4-identity\.service: ([\d.]+)", result.stdout)
    assert found, result.stderr
    assert float(found[1]) <= MOST_EXPOSED, result.stdout


def test_systemd_understands_every_line(tmp_path: Path) -> None:
    # The command is not installed where the tests run.
    copy = tmp_path / UNIT.name
    copy.write_text(UNIT.read_text().replace("/opt/web4/bin/web4-identity", "/bin/true"))
    result = analyze("verify", copy)
    assert (result.returncode, result.stderr) == (0, "")


def test_it_says_what_the_guide_says() -> None:
    parser = configparser.RawConfigParser(strict=False)
    parser.optionxform = str  # type: ignore[assignment, method-assign]  # the library's documented way
    parser.read(UNIT)
    wanted = {
        "Type": "simple",
        "User": "web4",
        "Group": "web4",
        "EnvironmentFile": "/etc/web4/identity_service.env",
        "Restart": "always",
        "RestartSec": "10",
        "StandardOutput": "journal",
        "StandardError": "journal",
        "NoNewPrivileges": "true",
        "PrivateTmp": "true",
        "ProtectSystem": "strict",
        "ProtectHome": "true",
    }
    assert {name: parser["Service"][name] for name in wanted} == wanted
    assert parser["Service"]["ReadWritePaths"].lstrip("-") == "/opt/web4/data"
    # Under ProtectHome the Postgres driver's look into the user's own HOME is refused, and with it the connection.
    assert parser["Service"]["Environment"] == "HOME=/opt/web4"
    assert parser["Install"]["WantedBy"] == "multi-user.target"
