"""Debian packages, installed only where the program they bring is missing, and never left running as services."""

import os
import shutil
import subprocess
from pathlib import Path

from local.console import run_logged
from local.errors import UserError
from local.progress import say

# What is looked for (a program on PATH or a file) and the package that brings it.
NEEDED = {
    "containerd": "containerd",
    "runc": "runc",
    "/usr/lib/cni/host-local": "containernetworking-plugins",
    "buildah": "buildah",
    "mmdebstrap": "mmdebstrap",
    "/usr/bin/catatonit": "catatonit",
    "iptables": "iptables",
    "ip": "iproute2",
    "nsenter": "util-linux",
    "ipset": "ipset",  # Calico keeps the pods of a policy in sets
    "socat": "socat",
    # The unit and infra tiers run these as plain processes on loopback.
    "/usr/lib/postgresql/15/bin/postgres": "postgresql-15",
    "redis-server": "redis-server",
    "/usr/sbin/nginx": "nginx-core",
    "/usr/lib/nginx/modules/ngx_http_lua_module.so": "libnginx-mod-http-lua",
    "/usr/lib/nginx/modules/ngx_http_modsecurity_module.so": "libnginx-mod-http-modsecurity",
    "/usr/share/modsecurity-crs": "modsecurity-crs",
    "systemd-analyze": "systemd",  # only to check the service's unit; nothing is booted
}
SERVICES = {"containerd", "postgresql-15", "redis-server", "nginx-core"}
POLICY = Path("/usr/sbin/policy-rc.d")


def missing() -> list[str]:
    """Return the packages whose program is not there."""
    return [package for what, package in NEEDED.items() if not (shutil.which(what) or Path(what).exists())]


def install() -> None:
    """Install what is missing. A daemon that a package brings is neither started nor enabled.

    Raises:
        UserError: there is no apt-get, or it failed.
    """
    packages = missing()
    if not packages:
        return
    if not shutil.which("apt-get"):
        raise UserError(f"missing programs, and no apt-get to install them: {', '.join(packages)}")
    say(f"apt: installing {', '.join(packages)}")
    env = {"DEBIAN_FRONTEND": "noninteractive"}
    hint = "Check the machine's apt sources."
    run_logged(["apt-get", "update"], "apt: package lists", log="apt-update.log", env=env, hint=hint)
    ours = not POLICY.exists()
    if ours:
        POLICY.write_text("#!/bin/sh\nexit 101\n")  # Debian policy: 101 forbids starting services
        POLICY.chmod(0o755)
    try:
        run_logged(
            ["apt-get", "install", "-y", "--no-install-recommends", *packages],
            "apt: packages",
            log="apt-install.log",
            env=env,
            hint=hint,
        )
    finally:
        if ours:
            POLICY.unlink(missing_ok=True)
    if Path("/run/systemd/system").exists():
        for unit in SERVICES & set(packages):
            name = {"postgresql-15": "postgresql", "nginx-core": "nginx"}.get(unit, unit)
            subprocess.run(["systemctl", "disable", name], capture_output=True, check=False, env=os.environ)
