"""`web4ctl`, the operator's command: what each command takes and says. What it does is in the rooms around this one."""
