"""Reads the shell of a page: its lines, and what each command of ours takes."""

import re
import shlex
import subprocess
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

import typer
from docs_pages import ROOT

_ENDS = {"|", "||", "&&", ";", "&", "|&"}
_WORDS_OF_THE_SHELL = {"if", "then", "else", "fi", "for", "do", "done", "while", "in", "!", "{", "}"}
_HELP = {"--help", "-h"}
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=")


def syntax_error(text: str) -> str:
    """What bash has against it; nothing where it would read it."""
    return subprocess.run(["bash", "-n"], input=text, capture_output=True, text=True, check=False).stderr


def commands(text: str) -> Iterator[list[str]]:
    """The words of each simple command, without what is assigned before it and without redirections.

    Raises ValueError where a quotation is not closed.
    """
    for line in text.replace("\\\n", " ").splitlines():
        lexer = shlex.shlex(line, posix=True, punctuation_chars="|&;<>()")
        lexer.whitespace_split, lexer.commenters = True, "#"
        words: list[str] = []
        for word in [*lexer, ";"]:
            if word in _ENDS or word in {"(", ")", "$("}:
                yield from _simple(words)
                words = []
            else:
                words.append(word)


def _simple(words: list[str]) -> Iterator[list[str]]:
    kept: list[str] = []
    skip = False
    if words[:1] == ["for"]:
        return  # its words are a list
    for word in words:
        if skip:
            skip = False
        elif set(word) <= set("<>&"):
            skip = True  # what it is redirected to
            kept = kept[:-1] if kept and kept[-1].isdigit() else kept
        elif not kept and (_ASSIGNMENT.match(word) or word in _WORDS_OF_THE_SHELL):
            continue
        else:
            kept.append(word)
    if kept:
        yield kept


@cache
def make_targets() -> frozenset[str]:
    """The targets of the Makefile, as make itself reads it."""
    database = subprocess.run(
        ["make", "--print-data-base", "--question", "--no-builtin-rules", "help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    found = re.findall(r"^\.PHONY: (.+)$", database, re.MULTILINE)
    return frozenset(target for line in found for target in line.split())


def make_variables() -> set[str]:
    """The settings that `make help` names."""
    done = subprocess.run(["make", "--silent", "help"], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(re.findall(r"\b[A-Z][A-Z_]{2,}\b", done.stdout))


@cache
def programs() -> dict[str, Any]:
    """The commands that this repository installs, as typer has them."""
    found = [each for each in entry_points(group="console_scripts") if each.name.startswith("web4")]
    return {each.name: typer.main.get_command(import_module(each.module).app) for each in found}


def misuse(words: list[str]) -> str:
    """Why one of our own commands would refuse these words; nothing where it would not."""
    command, rest = programs()[words[0].rpartition("/")[2]], words[1:]
    while hasattr(command, "commands") and rest and not rest[0].startswith("-"):
        if rest[0] not in command.commands:
            return f"no command {rest[0]}"
        command, rest = command.commands[rest[0]], rest[1:]
    if command.context_settings.get("ignore_unknown_options"):
        return ""
    known = {option for each in command.params for option in (*each.opts, *each.secondary_opts)} | _HELP
    unknown = {word.partition("=")[0] for word in rest if word.startswith("-") and len(word) > 1} - known
    return f"no option {', '.join(sorted(unknown))}" if unknown else ""
