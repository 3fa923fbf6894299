"""`make fuzz-edge`: odd requests through the running stack's edge; docs/reliability.md has what was answered."""

import signal
import sys
import time
from collections import Counter
from typing import Annotated

import page
import typer
from bench.addresses import addresses
from cluster_stack import Kubectl
from running import Running

from edge_fuzz.answers import Answers
from edge_fuzz.asking import OPERATIONS, Asking
from edge_fuzz.senders import founders, sessions
from local import stack
from local.errors import UserError
from local.progress import say
from local.target import target


def main(
    examples: Annotated[int, typer.Option(min=1, help="Of each operation, good ones and as many bad ones.")] = 500,
) -> None:
    """Ask, audit, and write the table; exits with 1 at an answer that should not be."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        began = time.monotonic()
        answers = Answers()
        stack.require()
        where = target()
        kubectl, url = Kubectl(where), f"https://{where.address()}:{stack.outputs()['edge_node_port']}"
        running = Running(kubectl, f"fuzz-{int(time.time()):x}")
        with addresses(where) as own:
            using = sessions(own)
            asking = Asking(url, using, founders(kubectl, running.run, url, using), answers)
            for name in OPERATIONS:
                asking.ask_all(name, examples)
                say(f"fuzz-edge: {name}: {dict(Counter(answers.statuses(name)))}")
        problems = [*answers.problems, *_audit(running)]
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        raise typer.Exit(1) from None
    head = page.when(f"make fuzz-edge FUZZ_EXAMPLES={examples}")
    passed = f"{(time.monotonic() - began) / 60:.0f} minutes, {answers.count} requests, {len(problems)} problems"
    listed = "\n".join(f"- {each}" for each in problems[:20])
    text = "\n\n".join(part for part in (f"{head}: {passed}.", listed, answers.table()) if part)
    print(f"\n{text}")
    page.put(page.RELIABILITY, "make fuzz-edge", text)
    if problems:
        raise typer.Exit(1)


def _audit(running: Running) -> list[str]:
    """What is wrong with registry and ledger afterwards."""
    held = running.registry()
    say(f"fuzz-edge: {len(held.lcts)} LCTs registered, {len(held.charges)} charged")
    uneven = [] if len(held.lcts) == len(held.charges) else [f"{len(held.lcts)} LCTs, {len(held.charges)} charges"]
    return uneven + list(held.violations)


if __name__ == "__main__":
    typer.run(main)
