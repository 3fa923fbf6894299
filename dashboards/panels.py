"""The panels that all dashboards are made of: a graph, a number, a table, a note.

Each has a title, a description, a unit of Grafana's (such as `s`, `percentunit`, `reqps`), and the alerts that look at
the same figures: it links to where they are shown and to their runbooks. Queries are given by their legend, a Grafana
template such as `{{reason}}`.
"""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from grafana_foundation_sdk.builders import common, dashboard, prometheus, stat, table, text, timeseries
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import dashboard as models
from grafana_foundation_sdk.models.common import (
    BigValueColorMode,
    GraphThresholdsStyleMode,
    LegendDisplayMode,
    LegendPlacement,
    StackingMode,
    TooltipDisplayMode,
    VisibilityMode,
)
from grafana_foundation_sdk.models.dashboard import (
    DashboardLinkType,
    DataTransformerConfig,
    Threshold,
    ThresholdsMode,
)
from grafana_foundation_sdk.models.prometheus import PromQueryFormat
from grafana_foundation_sdk.models.text import TextMode

from dashboards.frame import PROMETHEUS, chosen

Panel = Builder[models.Panel]
"""What every kind of panel here is."""

RUNBOOKS = "%runbooks"
"""Stands for the address of the folder with the runbooks, which a stack may set."""

ALERTING_UID = "web4-alerting"
_NUMBER_HEIGHT, _GRAPH_HEIGHT = 4, 8
_GREEN, _ORANGE, _RED = "green", "orange", "red"

Steps = Sequence[Threshold]
_PLAIN: Steps = (Threshold(value=None, color="blue"),)
"""Neither good nor bad. With no thresholds at all Grafana takes 80 for bad."""
_Panel = TypeVar("_Panel", bound=Any)


def above(red: float, orange: float | None = None) -> Steps:
    """Thresholds where more is worse."""
    middle = [] if orange is None else [Threshold(value=orange, color=_ORANGE)]
    return [Threshold(value=None, color=_GREEN), *middle, Threshold(value=red, color=_RED)]


def below(red: float, orange: float | None = None) -> Steps:
    """Thresholds where less is worse: red under `red`, orange under `orange`."""
    if orange is None:
        return [Threshold(value=None, color=_RED), Threshold(value=red, color=_GREEN)]
    return [
        Threshold(value=None, color=_RED),
        Threshold(value=red, color=_ORANGE),
        Threshold(value=orange, color=_GREEN),
    ]


def graph(
    title: str,
    description: str,
    unit: str,
    queries: Mapping[str, str],
    *,
    alerts: Sequence[str] = (),
    limits: Steps = (),
    stacked: bool = False,
    min_step: str = "",
) -> timeseries.Panel:
    """Half a row with curves over time. `min_step` (a duration) makes `$__rate_interval` four times as long or more."""
    panel = (
        timeseries.Panel()
        .unit(unit)
        .min(0)
        .fill_opacity(30 if stacked else 10)
        .show_points(VisibilityMode.NEVER)
        .legend(
            common.VizLegendOptions()
            .display_mode(LegendDisplayMode.LIST)
            .placement(LegendPlacement.BOTTOM)
            .show_legend(True)
        )
        .tooltip(common.VizTooltipOptions().mode(TooltipDisplayMode.MULTI))
        .span(12)
        .height(_GRAPH_HEIGHT)
    )
    if stacked:
        panel = panel.stacking(common.StackingConfig().mode(StackingMode.NORMAL))
    if limits:
        panel = panel.thresholds(_thresholds(limits)).thresholds_style(
            common.GraphThresholdsStyleConfig().mode(GraphThresholdsStyleMode.DASHED)
        )
    targets = [_query(expr, legend).range() for legend, expr in queries.items()]
    if min_step:
        targets = [each.interval(min_step) for each in targets]
    return _complete(panel, title, description, targets, alerts)


def number(
    title: str,
    description: str,
    unit: str,
    expr: str,
    *,
    limits: Steps = _PLAIN,
    alerts: Sequence[str] = (),
    span: int = 4,
    height: int = _NUMBER_HEIGHT,
    none: str = "no data",
) -> stat.Panel:
    """One number, as it is now, in a colour. `none` is shown where the query has no result."""
    panel = (
        stat.Panel()
        .unit(unit)
        .thresholds(_thresholds(limits))
        .color_mode(BigValueColorMode.BACKGROUND)
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
        .no_value(none)
        .span(span)
        .height(height)
    )
    return _complete(panel, title, description, [_query(expr, "").instant()], alerts)


def listing(
    title: str,
    description: str,
    unit: str,
    expr: str,
    columns: Mapping[str, str],
    *,
    alerts: Sequence[str] = (),
    span: int = 12,
) -> table.Panel:
    """A table with a line for each series. `columns` are its labels and `Value`, with a heading each."""
    organize = {
        "indexByName": {label: index for index, label in enumerate(columns)},
        "renameByName": dict(columns),
    }
    panel = (
        table.Panel()
        .unit(unit)
        .with_transformation(
            DataTransformerConfig(id_val="filterFieldsByName", options={"include": {"names": list(columns)}})
        )
        .with_transformation(DataTransformerConfig(id_val="organize", options=organize))
        .no_value("none")
        .span(span)
        .height(_GRAPH_HEIGHT)
    )
    query = _query(expr, "").instant().format(PromQueryFormat.TABLE)
    return _complete(panel, title, description, [query], alerts)


def note(title: str, description: str, markdown: str, *, span: int = 12) -> text.Panel:
    """A text, in Markdown, where there is something to know and nothing to measure."""
    panel = text.Panel().mode(TextMode.MARKDOWN).content(markdown).span(span).height(_GRAPH_HEIGHT)
    return panel.title(title).description(description)


def _query(expr: str, legend: str) -> prometheus.Dataquery:
    query = prometheus.Dataquery().datasource(PROMETHEUS).expr(chosen(expr))
    return query.legend_format(legend) if legend else query


def _complete(
    panel: _Panel, title: str, description: str, queries: Sequence[prometheus.Dataquery], alerts: Sequence[str]
) -> _Panel:
    panel = panel.title(title).description(description).datasource(PROMETHEUS)
    panel = panel.links([link for alert in alerts for link in _links(alert)])
    for ref_id, query in zip("ABCDEFGH", queries, strict=False):
        panel = panel.with_target(query.ref_id(ref_id))
    return panel


def _links(alert: str) -> list[dashboard.DashboardLink]:
    shown = f"/d/{ALERTING_UID}?var-alert={alert}&${{datasource:queryparam}}&${{__url_time_range}}"
    return [
        dashboard.DashboardLink(f"Alert {alert}").type(DashboardLinkType.LINK).url(shown),
        dashboard.DashboardLink(f"Runbook {alert}")
        .type(DashboardLinkType.LINK)
        .url(f"{RUNBOOKS}/{alert}.md")
        .target_blank(True),
    ]


def _thresholds(steps: Steps) -> dashboard.ThresholdsConfig:
    return dashboard.ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(list(steps))
