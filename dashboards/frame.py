"""The frame that all dashboards share: variables, links to each other, and how a query says what it is about."""

from collections.abc import Iterable

from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import dashboard as models
from grafana_foundation_sdk.models.common import DataSourceRef
from grafana_foundation_sdk.models.dashboard import (
    DashboardCursorSync,
    DashboardLinkType,
    VariableOption,
    VariableRefresh,
    VariableSort,
)

PROMETHEUS = DataSourceRef(type_val="prometheus", uid="${datasource}")
TAG = "web4-identity"
_CHOSEN = 'namespace=~"$namespace", job=~"$job", instance=~"$instance"'


def chosen(expr: str) -> str:
    """PromQL with `%own` in a selector's braces replaced by what the reader chose: namespace, job and instance."""
    return expr.replace("%own", _CHOSEN)


def new_dashboard(
    title: str, uid: str, description: str, about: str, panels: Iterable[Builder[models.Panel]]
) -> dashboard.Dashboard:
    """A dashboard of the last hour. In: `about`, the metric whose series are what can be chosen.

    Not editable: what is in Git is what is shown, and `uid` keeps links to it alive.
    """
    own = 'namespace=~"$namespace"'
    board = (
        dashboard.Dashboard(f"Web4 Identity / {title}")
        .uid(uid)
        .description(description)
        .tags([TAG])
        .readonly()
        .time("now-1h", "now")
        .refresh("30s")
        .timezone("utc")
        .tooltip(DashboardCursorSync.CROSSHAIR)
        .link(
            dashboard.DashboardLink("Web4 Identity")
            .type(DashboardLinkType.DASHBOARDS)
            .tags([TAG])
            .as_dropdown(True)
            .keep_time(True)
        )
        .with_variable(dashboard.DatasourceVariable("datasource").label("Data source").type("prometheus"))
        .with_variable(values_variable("namespace", "namespace", about))
        .with_variable(values_variable("job", "job", f"{about}{{{own}}}"))
        .with_variable(values_variable("instance", "instance", f'{about}{{{own}, job=~"$job"}}'))
    )
    for panel in panels:
        board = board.with_panel(panel)
    return board


def values_variable(name: str, label: str, series: str) -> dashboard.QueryVariable:
    """The variable `name`, a choice among the values that `label` has in `series`; all of them at first."""
    query = f"label_values({series}, {label})"
    return (
        dashboard.QueryVariable(name)
        .label(name.title())
        .datasource(PROMETHEUS)
        .query({"query": query, "refId": name})
        .definition(query)
        .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(VariableSort.ALPHABETICAL_ASC)
        .multi(True)
        .include_all(True)
        .all_value(".+")
        .current(VariableOption(text="All", value="$__all"))
    )
