"""Jobs that run by the clock."""

from typing import Any

import pulumi
from pulumi_kubernetes import batch, core, meta

from infra.kube import metadata


def cron_job(
    app: str,
    namespace: str,
    schedule: str,
    pod: core.v1.PodSpecArgs,
    opts: pulumi.ResourceOptions,
    *,
    labels: dict[str, str] | None = None,
    cron: dict[str, Any] | None = None,
    **job: Any,
) -> batch.v1.CronJob:
    """A CronJob called `app`, one run at a time.

    In: `schedule`, as cron writes it, in UTC; what a run is; further labels of its pod; further arguments of
    CronJobSpecArgs (`cron`) and of JobSpecArgs.
    """
    template = core.v1.PodTemplateSpecArgs(
        metadata=meta.v1.ObjectMetaArgs(labels={"app": app, **(labels or {})}), spec=pod
    )
    return batch.v1.CronJob(
        app,
        metadata=metadata(app, namespace, app),
        spec=batch.v1.CronJobSpecArgs(
            schedule=schedule,
            time_zone="Etc/UTC",
            concurrency_policy="Forbid",
            starting_deadline_seconds=3600,  # late is better than not at all, as long as it is not the next day
            job_template=batch.v1.JobTemplateSpecArgs(spec=batch.v1.JobSpecArgs(template=template, **job)),
            **(cron or {}),
        ),
        opts=opts,
    )
