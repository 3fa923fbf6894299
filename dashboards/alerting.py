"""Whether somebody would be told, and whether there is something to restore: rules, notifications, targets, backups."""

from grafana_foundation_sdk.builders import dashboard

from dashboards.frame import new_dashboard, values_variable
from dashboards.panels import ALERTING_UID, Panel, above, below, graph, listing, number

UID = ALERTING_UID
_DAY = 86_400


def build() -> dashboard.Dashboard:
    """The alerts themselves first, which every panel's links lead to."""
    return new_dashboard(
        "Alerting and backups",
        UID,
        "What fires, whether it would reach anybody, what is watched, and what there is to restore.",
        "up",
        (*_alerts(), *_pipeline(), *_targets(), *_backups()),
    ).with_variable(values_variable("alert", "alertname", "ALERTS"))


def _alerts() -> list[Panel]:
    chosen = 'alertname=~"$alert", severity!="none"'
    return [
        listing(
            "Alerts now",
            "What fires or is about to (pending), of the alerts chosen above.",
            "none",
            f"max by (alertname, alertstate, severity, service, pod) (ALERTS{{{chosen}}})",
            {
                "alertname": "Alert",
                "alertstate": "State",
                "severity": "Severity",
                "service": "Service",
                "pod": "Pod",
            },
        ),
        graph(
            "Alerts over time",
            "How many fire, by name.",
            "none",
            {"{{alertname}}": f'count by (alertname) (ALERTS{{{chosen}, alertstate="firing"}})'},
            stacked=True,
        ),
    ]


def _pipeline() -> list[Panel]:
    return [
        number(
            "Watchdog",
            "Always fires, so that its silence is heard outside. 0 or no data: nobody would be told of anything.",
            "none",
            'count(ALERTS{alertname="Watchdog", alertstate="firing"})',
            limits=below(1),
            alerts=["Watchdog"],
            span=6,
        ),
        number(
            "Alertmanagers found",
            "Alertmanagers that the Prometheus with the fewest knows.",
            "none",
            "min(prometheus_notifications_alertmanagers_discovered{%own})",
            limits=below(1),
            alerts=["PrometheusWithoutAlertmanager"],
            span=6,
        ),
        number(
            "Configuration loaded",
            "Whether Prometheus and Alertmanager took their last configuration.",
            "bool_yes_no",
            "min(prometheus_config_last_reload_successful{%own} or alertmanager_config_last_reload_successful{%own})",
            limits=below(1),
            alerts=["ConfigurationReloadFailed"],
            span=6,
        ),
        number(
            "Rules that fail",
            "Evaluations a second that failed: an alert may be missing.",
            "cps",
            "sum(rate(prometheus_rule_evaluation_failures_total{%own}[$__rate_interval]))",
            limits=above(0.001),
            alerts=["PrometheusRulesFail"],
            span=6,
        ),
        graph(
            "Alerts from Prometheus to Alertmanager",
            "Alerts a second that were sent, and that were dropped as no Alertmanager took them.",
            "cps",
            {
                "sent ({{pod}})": "sum by (pod) (rate(prometheus_notifications_sent_total{%own}[$__rate_interval]))",
                "dropped ({{pod}})": "sum by (pod) "
                "(rate(prometheus_notifications_dropped_total{%own}[$__rate_interval]))",
            },
            alerts=["AlertsDropped"],
        ),
        graph(
            "Notifications from Alertmanager",
            "Notifications a second by receiver, and those that failed.",
            "cps",
            {
                "{{integration}}": "sum by (integration) "
                "(rate(alertmanager_notifications_total{%own}[$__rate_interval]))",
                "{{integration}} failed": "sum by (integration) "
                "(rate(alertmanager_notifications_failed_total{%own}[$__rate_interval]))",
            },
            alerts=["NotificationsFailing"],
        ),
    ]


def _targets() -> list[Panel]:
    return [
        listing(
            "Targets that do not answer",
            "What Prometheus should scrape and cannot. Of these, nothing else here can be trusted.",
            "none",
            "max by (job, pod, instance) (up{%own} == 0)",
            {"job": "Job", "pod": "Pod", "instance": "Instance"},
            alerts=["TargetDown", "ServiceDown"],
        ),
        graph(
            "Containers' memory",
            "Of each container's limit; at 100 % it is killed.",
            "percentunit",
            {
                "{{pod}}/{{container}}": "max by (pod, container) ("
                'container_memory_working_set_bytes{%own, container!=""} / '
                '(container_spec_memory_limit_bytes{%own, container!=""} > 0))'
            },
            alerts=["ContainerMemoryNearLimit", "ContainerOutOfMemory"],
            limits=above(0.9),
        ),
        graph(
            "Series in Prometheus",
            "Series held in memory: its memory grows with them. A jump is a label with too many values.",
            "short",
            {"{{pod}}": "prometheus_tsdb_head_series{%own}"},
        ),
        graph(
            "Restarts",
            "Times that a process started again in the last half hour.",
            "none",
            {"{{job}} {{pod}}": "sum by (job, pod) (changes(process_start_time_seconds{%own}[30m]))"},
            alerts=["ProcessRestarting"],
            limits=above(3),
        ),
    ]


def _backups() -> list[Panel]:
    drill = '{namespace=~"$namespace"}'
    return [
        number(
            "Newest backup",
            "How old it is.",
            "s",
            "time() - max(cnpg_collector_last_available_backup_timestamp{%own} > 0)",
            limits=above(1.5 * _DAY, orange=1.1 * _DAY),
            alerts=["BackupTooOld", "BackupFailed"],
            span=6,
            none="none yet",
        ),
        number(
            "Recoverable since",
            "How far back any moment can be restored.",
            "s",
            "time() - min(cnpg_collector_first_recoverability_point{%own} > 0)",
            limits=below(1.5 * _DAY),
            alerts=["BackupTooOld"],
            span=6,
            none="nothing yet",
        ),
        number(
            "Last restore drill",
            "Whether the last try to restore a backup, and to find the ledger whole in it, succeeded.",
            "bool_yes_no",
            f"min(web4_restore_drill_success{drill})",
            limits=below(1),
            alerts=["RestoreDrillFailed"],
            span=6,
            none="never run",
        ),
        number(
            "Age of the restore drill",
            "A backup that was never restored is a hope.",
            "s",
            f"time() - max(web4_restore_drill_timestamp_seconds{drill})",
            limits=above(9 * _DAY, orange=8 * _DAY),
            alerts=["RestoreDrillTooOld"],
            span=6,
            none="never run",
        ),
        graph(
            "Log archived",
            "Files of the write-ahead log a second that were archived, and tries that failed.",
            "cps",
            {
                "archived ({{pod}})": "rate(cnpg_pg_stat_archiver_archived_count{%own}[$__rate_interval])",
                "failed ({{pod}})": "rate(cnpg_pg_stat_archiver_failed_count{%own}[$__rate_interval])",
            },
            alerts=["WalArchivingFailing"],
        ),
        graph(
            "Log waiting to be archived",
            "Files of the write-ahead log that are not in the archive yet: what a lost disk would take along.",
            "none",
            {"{{pod}}": 'cnpg_collector_pg_wal_archive_status{%own, value="ready"}'},
            alerts=["WalFilesWaiting"],
            limits=above(10),
        ),
        graph(
            "Time of a restore drill",
            "How long the last drill took: about what a real recovery takes.",
            "s",
            {"drill": f"max(web4_restore_drill_seconds{drill})"},
            alerts=["RestoreDrillFailed", "RestoreDrillTooOld"],
        ),
        graph(
            "Last file archived",
            "How long ago an instance archived a file. A quiet database archives one every five minutes.",
            "s",
            {"{{pod}}": "cnpg_pg_stat_archiver_seconds_since_last_archival{%own} >= 0"},
            alerts=["WalArchivingFailing"],
        ),
    ]
