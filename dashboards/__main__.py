"""`python -m dashboards` writes every dashboard to dashboards/golden/, and removes what is no dashboard any more."""

from dashboards import GOLDEN, build_all

texts = build_all()
GOLDEN.mkdir(exist_ok=True)
for old in GOLDEN.glob("*.json"):
    if old.name not in texts:
        old.unlink()
for file_name, text in texts.items():
    (GOLDEN / file_name).write_text(text, encoding="utf-8")
