"""`restore-drill`: prove that the database's backups can be restored."""

import time
from datetime import datetime
from typing import Annotated

import typer
from prometheus_client import push_to_gateway

from web4_identity.cli.common import EXIT_REFUSED, EXIT_USAGE, fail, run_database, settings_or_exit
from web4_identity.restore.drill import Drill, metrics, table
from web4_identity.restore.kubernetes import Kubernetes, KubernetesRefused

JOB = "web4-restore-drill"


def add_commands(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command()(restore_drill)


def restore_drill(
    cluster: Annotated[str, typer.Option(help="The CloudNativePG Cluster whose backups are restored.")],
    restored: Annotated[str, typer.Option(help="What the second one is called; removed first if it is there.")],
    target_time: Annotated[
        str, typer.Option(envvar="TARGET_TIME", help="The time to restore, such as 2025-01-31T12:00:00Z; default now.")
    ] = "",
    minutes: Annotated[int, typer.Option(min=1, help="How long the restore may take.")] = 60,
    push_to: Annotated[str, typer.Option(help="A Pushgateway, host:port, for the outcome as metrics.")] = "",
) -> None:
    """Restore a second cluster from the backups, compare it with the first as it was then, and remove it.

    Runs in the cluster, as the Job that `make restore-drill` starts. DATABASE_URL leads to the first cluster. Exit
    code 0 only when rows, ledger and newest LCT are the same and the restored ledger is sound.
    """
    moment = _time(target_time)
    settings = settings_or_exit()
    if not settings.database_url.get_secret_value().startswith("postgres"):
        fail("the drill is for Postgres: DATABASE_URL is another database", EXIT_USAGE)
    try:
        kubernetes = Kubernetes()
    except KubernetesRefused as error:
        fail(str(error), EXIT_USAGE)
    drill = Drill(settings.database_url, cluster, restored, moment, 60 * minutes, typer.echo)
    try:
        outcome = run_database(drill.run(kubernetes))
    finally:
        kubernetes.close()
    for line in table(outcome):
        typer.echo(line)
    if push_to:
        try:
            push_to_gateway(push_to, job=JOB, registry=metrics(outcome, time.time()))
        except OSError as error:
            fail(f"the outcome could not be pushed to {push_to}: {error}")
    if not outcome.passed:
        raise typer.Exit(EXIT_REFUSED)


def _time(given: str) -> datetime | None:
    """The time, None if none is given; exits with 2 for what is no time or has no zone."""
    if not given:
        return None
    try:
        moment = datetime.fromisoformat(given)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        fail(f"--target-time is {given!r}: give a time with its zone, such as 2025-01-31T12:00:00Z", EXIT_USAGE)
    return moment
