"""The guide's dashboard (Grafana Dashboard): its four panels, with its titles and queries."""

from grafana_foundation_sdk.models.dashboard import Dashboard

from dashboards.panels import new_dashboard, rate_panel

UID = "web4-identity"


def build() -> Dashboard:
    """Mints and refusals of the identity service."""
    return (
        new_dashboard("Web4 Identity Service", UID, "What the identity service mints, and what it refuses.")
        .with_panel(
            rate_panel(
                "LCT Minting Rate",
                "rate(web4_identity_lct_minted_total[5m])",
                "{{entity_type}} of {{society}} ({{pod}})",
                "LCTs minted a second, by entity type and society.",
            ).id(1)
        )
        .with_panel(
            rate_panel(
                "Rejection Rate",
                "rate(web4_identity_lct_mint_rejected_total[5m])",
                "{{reason}} ({{pod}})",
                "Mints refused a second, by reason. HighRejectionRate fires above 10.",
            ).id(2)
        )
        .with_panel(
            rate_panel(
                "Rate Limit Hits",
                "rate(web4_identity_rate_limit_rejected_total[5m])",
                "{{limit_type}} ({{pod}})",
                "Requests refused a second by a rate limit of the service. RateLimitingActive fires above 5.",
            ).id(3)
        )
        .with_panel(
            rate_panel(
                "Input Validation Failures",
                "rate(web4_identity_input_validation_rejected_total[5m])",
                "{{field}} ({{pod}})",
                "Fields refused a second, by field. One request may fail in several.",
            ).id(4)
        )
        .build()
    )
