"""`make mutants`: apply each wrong version to a copy of the service and run the tests that must find it."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.mutation.mutants import MUTANTS, Mutant

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "service" / "web4_identity"


def main() -> int:
    """Print a line for each mutant; 0 when every one was found."""
    survived = []
    with tempfile.TemporaryDirectory(prefix="web4-mutants-") as folder:
        copy = Path(folder) / "web4_identity"
        shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
        words = tuple(sorted({word for mutant in MUTANTS for word in mutant.tests}))
        print(f"the tests on the code as it is: {', '.join(words)} …", flush=True)
        if _tests(folder, words) != 0:
            print("they fail: mend them first", file=sys.stderr)
            return 2
        for number, mutant in enumerate(MUTANTS, 1):
            started = time.monotonic()
            found = _found(copy, mutant)
            word = "found   " if found else "SURVIVED"
            seconds = time.monotonic() - started
            print(f"{number:2}/{len(MUTANTS)} {word} {seconds:4.0f} s  {mutant.file}: {mutant.new.strip()}", flush=True)
            survived += [] if found else [mutant]
    print(f"{len(MUTANTS)} mutants, {len(survived)} survived")
    return 1 if survived else 0


def _found(copy: Path, mutant: Mutant) -> bool:
    target = copy / mutant.file
    good = target.read_text(encoding="utf-8")
    if mutant.old not in good:
        raise SystemExit(f"{mutant.file} has no {mutant.old!r}: bring tests/mutation/mutants.py up to date")
    target.write_text(good.replace(mutant.old, mutant.new), encoding="utf-8")
    try:
        return _tests(str(copy.parent), mutant.tests) == 1
    finally:
        target.write_text(good, encoding="utf-8")


def _tests(first_on_path: str, words: tuple[str, ...]) -> int:
    files = [f"tests/service/test_service_{word}.py" for word in words]
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *files]
    # The copy comes before the installed package; no bytecode, or a change within a second would not be seen.
    env = {**os.environ, "PYTHONPATH": first_on_path, "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, check=False).returncode


if __name__ == "__main__":
    raise SystemExit(main())
