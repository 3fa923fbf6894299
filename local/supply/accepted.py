"""Findings that are known and do no harm here, each with its reason and a last day."""

from datetime import date

from local.supply.findings import Accepted

_SERVED_BY_PROMETHEUS_ALONE = (
    "of Prometheus' web pages and of its API for its configuration: this program has it as a library and serves neither"
)
_ADMINISTRATORS_ALONE = (
    "by a StorageClass or by this program's ConfigMap, which only an administrator of the embedded cluster may write; "
    "no other cluster has it"
)

ACCEPTED: tuple[Accepted, ...] = (
    *(
        Accepted(image, "github.com/prometheus/prometheus", advisory, _SERVED_BY_PROMETHEUS_ALONE, date(2027, 3, 1))
        for image in ("prometheus-operator", "config-reloader")
        for advisory in ("GO-2026-5381", "GO-2026-5662", "GO-2026-5710")
    ),
    *(
        Accepted(
            "local-path-provisioner",
            "github.com/rancher/local-path-provisioner",
            advisory,
            _ADMINISTRATORS_ALONE,
            date(2027, 3, 1),
        )
        for advisory in ("GO-2026-4425", "GO-2026-5218")
    ),
)
