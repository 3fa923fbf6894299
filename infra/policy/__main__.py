"""The policy pack, as `pulumi preview --policy-pack infra/policy` runs it; decision 19.

Every rule stops the update; in `local` and `dev`, `--policy-pack-config infra/policy/relaxed.json` makes some of them
warnings.
"""

from pulumi_policy import EnforcementLevel, PolicyPack

from infra.policy.rules import RULES

PolicyPack("web4-identity", RULES, EnforcementLevel.MANDATORY)
