"""`python -m monitoring` writes the rules that are made from the objectives (slo.py) to rules/slo.yaml."""

from monitoring import SLO_FILE, slo_file

SLO_FILE.write_text(slo_file(), encoding="utf-8")
