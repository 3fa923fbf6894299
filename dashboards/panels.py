"""The panels and the frame all dashboards share."""

from grafana_foundation_sdk.builders import common, dashboard, prometheus, timeseries
from grafana_foundation_sdk.models.common import DataSourceRef, LegendDisplayMode, LegendPlacement, TooltipDisplayMode

_PROMETHEUS = DataSourceRef(type_val="prometheus", uid="${datasource}")


def new_dashboard(title: str, uid: str, description: str) -> dashboard.Dashboard:
    """An empty dashboard of the last hour, whose reader chooses the Prometheus.

    Not editable: what is in Git is what is shown, and `uid` keeps links to it alive.
    """
    return (
        dashboard.Dashboard(title)
        .uid(uid)
        .description(description)
        .tags(["web4-identity"])
        .readonly()
        .time("now-1h", "now")
        .refresh("30s")
        .timezone("utc")
        .with_variable(dashboard.DatasourceVariable("datasource").label("Prometheus").type("prometheus"))
    )


def rate_panel(title: str, expr: str, legend: str, description: str, unit: str = "cps") -> timeseries.Panel:
    """Half a row with the rates of a counter: `expr` in PromQL, `legend` a Grafana template, `unit` one of Grafana's.

    The default unit is "counts/s".
    """
    query = prometheus.Dataquery().datasource(_PROMETHEUS).expr(expr).legend_format(legend).ref_id("A").range()
    return (
        timeseries.Panel()
        .title(title)
        .description(description)
        .datasource(_PROMETHEUS)
        .with_target(query)
        .unit(unit)
        .min(0)
        .fill_opacity(10)
        .legend(
            common.VizLegendOptions()
            .display_mode(LegendDisplayMode.LIST)
            .placement(LegendPlacement.BOTTOM)
            .show_legend(True)
        )
        .tooltip(common.VizTooltipOptions().mode(TooltipDisplayMode.MULTI))
        .span(12)
        .height(8)
    )
