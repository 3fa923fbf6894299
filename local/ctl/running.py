"""Commands that bring the stack up and take it down."""

import shlex
import shutil
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer

from local.ctl.base import AsJson, Stack, alone, confirm, print_json, result_alone
from local.errors import UserError

commands = typer.Typer()


@commands.command()
def up(as_json: AsJson = False) -> None:
    """Bring stack local up: tools, cluster, images, `pulumi up`, and a first LCT through the TLS edge.

    It can be run again at any time: what is there stays, what is missing or changed is made. The first run builds the
    tools and takes most of an hour on two cores, a later one with nothing to change about a minute. With KUBE_CONTEXT
    and IMAGE_REGISTRY the stack goes to that cluster instead. Other stacks are brought up by `pulumi up --stack`.
    """
    from local import up as whole
    from local.edge import listing

    with result_alone(as_json):
        whole.check()
        with alone():
            endpoints = whole.up()
    if as_json:
        print_json(endpoints)
    else:
        typer.echo(listing(endpoints))


@commands.command()
def stop(as_json: AsJson = False) -> None:
    """Stop the embedded cluster and keep its data; `web4ctl up` starts it again."""
    from local import up as whole
    from local.paths import CLUSTER

    with result_alone(as_json), alone():
        whole.stop()
    if as_json:
        print_json({"stopped": True, "data": CLUSTER})


@commands.command()
def down(
    yes: Annotated[bool, typer.Option("--yes", help="Delete the data without asking (as YES=1 does).")] = False,
    as_json: AsJson = False,
) -> None:
    """Remove stack local and the embedded cluster, all data included; asks first.

    With KUBE_CONTEXT the stack is destroyed and the cluster stays. Tools and images stay in the cache folder, for the
    next `up`.
    """
    from local import up as whole

    confirm("This deletes the registry, its ledger and the cluster. Go on?", yes)
    with result_alone(as_json), alone():
        cluster_too = whole.down()
    if as_json:
        print_json({"stack": "local", "removed": True, "cluster_removed": cluster_too})


@commands.command()
def clean(as_json: AsJson = False) -> None:
    """Remove the cache folder: tools, images, everything. The cluster must be down."""
    from local.cluster import node
    from local.paths import BIN, CACHE

    there = CACHE.exists()
    if there:
        if not any(BIN.glob(".*.stamp")):  # what WEB4_CACHE names may be anything: a home folder, a disk
            raise UserError(f"{CACHE} has no tools that were built here, so it is left alone: remove it by hand.")
        if left := node.leftovers():
            raise UserError(f"the cluster is there ({left[0]}, …): run `web4ctl down` first.")
        shutil.rmtree(CACHE)
    if as_json:
        print_json({"folder": CACHE, "removed": there})


@commands.command()
def env(stack: Stack = "local", as_json: AsJson = False) -> None:
    """Print the variables to run pulumi and kubectl by hand: eval "$(web4ctl env)".

    Of another stack than local only where the tools are: its state, its passphrase and its kubeconfig are yours.
    """
    from local import stack as local
    from local.target import target

    variables = local.tools()
    if stack == local.STACK:
        variables = {**local.environment(), "KUBECONFIG": str(target().kubeconfig)}
    if as_json:
        print_json(variables)
        return
    for name, value in variables.items():
        typer.echo(f"export {name}={shlex.quote(value)}")


@commands.command()
def render(
    stack: Stack = "local",
    config: Annotated[Path | None, typer.Option(help="A stack's file to read in place of the committed one.")] = None,
    as_json: AsJson = False,
) -> None:
    """Write every object of a stack as YAML, without a cluster, to build/rendered/<stack>.

    Secrets are written in plain text, in files of this user's alone. Those under 0-crd are to be applied first.
    """
    from local import render
    from local.tools import build as tools

    with result_alone(as_json):
        with alone() if tools.pending(render.tools(stack)) else nullcontext():
            tools.build_all(render.tools(stack))
        folder = render.RENDERED / stack
        render.render(stack, render.configuration(stack, config), folder)
    objects = len(list(folder.rglob("*.yaml")))
    if as_json:
        print_json({"stack": stack, "folder": folder, "objects": objects})
    else:
        typer.echo(f"render: {objects} objects in {folder}, Secrets in plain text among them")


@commands.command("check-tools")
def check_tools(as_json: AsJson = False) -> None:
    """Build or install what the tests of rendered stacks need beside the tools of `up`: kubeconform and others."""
    from local import checks

    missing = checks.missing()
    with result_alone(as_json), alone() if missing else nullcontext():
        checks.install()
    if as_json:
        print_json({"installed": missing})
