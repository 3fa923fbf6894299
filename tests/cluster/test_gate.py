"""The security gate through the edge, as the guide asks before a deployment: no attack may pass."""

import json
import subprocess
import sys


def test_no_attack_passes_the_edge() -> None:
    command = [sys.executable, "-m", "local", "validate", "--json", "--max-seconds=900"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout, done.stderr
    report = json.loads(done.stdout)
    assert [each for each in report["results"] if each["verdict"] != "defended"] == []
    assert len(report["results"]) >= 60
    assert done.returncode == 0, done.stderr
