"""The guide's sections in their order: commands are the guide's own text, checks what a reader would look at."""

import urllib.parse

from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_fixed

from local.errors import UserError
from tests.walkthrough.walk import ENVIRONMENT, Walk, section

ALERTS = "http://localhost:9093/api/v2/alerts?filter=alertname=ServiceDown"
RUNBOOK = """'"runbook_url":"[^"]*"'"""
ALERT_SECONDS = 240
PAGE_SECONDS = 20


def all_of_it(walk: Walk) -> None:
    """Go through the guide, its own tests (section 8) left out.

    Raises:
        UserError: a command failed, or what the guide says is not to be seen.
    """
    _up(walk)
    _mint(walk)
    _figures(walk)
    _alert(walk)
    _restore(walk)
    _change(walk)
    _upgrade(walk)
    _uninstall(walk)


def _up(walk: Walk) -> None:
    heading, (up, look) = section(1)
    walk.heading(heading)
    walk.run(up.text)
    walk.environment = ENVIRONMENT
    walk.run(look.text.removeprefix(ENVIRONMENT.strip()).strip())


def _mint(walk: Walk) -> None:
    heading, (mint, *_) = section(2)
    walk.heading(heading)
    _see("lct:web4:" in walk.run(mint.text), "an LCT's name")


def _figures(walk: Walk) -> None:
    heading, (forward, question) = section(3)
    walk.heading(heading)
    url = f"http://localhost:9090/api/v1/query?query={urllib.parse.quote(question.text)}"
    with walk.beside(forward.text):
        printed = _retried(walk, f"curl --silent --fail '{url}'", PAGE_SECONDS)
    _see('"entity_type"' in printed, "a figure for a kind of entity")


def _alert(walk: Walk) -> None:
    heading, (break_it, mend_it, *_) = section(4)
    walk.heading(heading)
    scale, forward = break_it.text.splitlines()
    walk.run(scale)
    with walk.beside(forward):
        printed = _retried(walk, f"curl --silent --fail '{ALERTS}' | grep --only-matching {RUNBOOK}", ALERT_SECONDS)
    _see("ServiceDown.md" in printed, "the alert's runbook")
    walk.run(mend_it.text)
    walk.run("kubectl -n web4 rollout status deployment/web4-identity")


def _restore(walk: Walk) -> None:
    heading, (drill, *_) = section(5)
    walk.heading(heading)
    walk.run(drill.text)
    walk.run("make backup")


def _change(walk: Walk) -> None:
    heading, (setting, up) = section(6)
    walk.heading(heading)
    walk.write("Pulumi.local.yaml", setting.text.replace("rate_limit_per_ip", "rate_limit_per_adress"))
    walk.run(up.text.splitlines()[0], refused=True)
    walk.write("Pulumi.local.yaml", setting.text)
    printed = walk.run(up.text)
    _see('"RATE_LIMIT_MAX_REQUESTS_PER_IP","value":"40"' in printed, "the other limit")


def _upgrade(walk: Walk) -> None:
    heading, (upgrade,) = section(7)
    walk.heading(heading)
    walk.run(upgrade.text.replace("git pull", "git pull --autostash"))
    walk.run("make status")
    walk.run("make verify")


def _uninstall(walk: Walk) -> None:
    heading, (remove,) = section(9)
    walk.heading(heading)
    # Without a terminal nobody can be asked. `make clean` would take an hour's compiling with it.
    walk.run(remove.text.splitlines()[0] + " YES=1")


def _retried(walk: Walk, command: str, seconds: float) -> str:
    """Run a command again until it works, and keep the log of the last time alone."""
    length = len(walk.log)

    def again() -> str:
        del walk.log[length:]
        return walk.run(command)

    return Retrying(
        wait=wait_fixed(3), stop=stop_after_delay(seconds), retry=retry_if_exception_type(UserError), reraise=True
    )(again)


def _see(there: bool, what: str) -> None:
    if not there:
        raise UserError(f"not to be seen: {what}")
