"""Help for a command of many options: under headings, in plain text."""

from typing import Any

from typer.core import TyperCommand


class GroupedHelp(TyperCommand):
    """Lists options by their rich_help_panel. Not in Rich's tables: at 80 columns they cut long names off."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{**kwargs, "rich_markup_mode": None})

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write one section for each panel, in the options' order."""
        sections: dict[str, list[tuple[str, str]]] = {}
        for param in self.get_params(ctx):
            if record := param.get_help_record(ctx):
                sections.setdefault(getattr(param, "rich_help_panel", None) or "Options", []).append(record)
        for title, records in sections.items():
            with formatter.section(title):
                formatter.write_dl(records)
