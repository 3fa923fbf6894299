"""Ask everybody who can be asked what is known against the images."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from local.images.store import HERE
from local.progress import say
from local.supply import debian, golang, pypi
from local.supply.accepted import ACCEPTED
from local.supply.components import Component
from local.supply.findings import Accepted, Answer, Finding

ONLINE = "not asked: needs more than the package registries (--online)"


@dataclass(frozen=True)
class Result:
    """What a scan found.

    Attributes:
        answers: each source's.
        not_asked: sources that were not asked, and why.
        findings: what counts.
        accepted: what does not, with the reason.
        unused: exceptions that no finding needs any more.
    """

    answers: tuple[Answer, ...]
    not_asked: tuple[tuple[str, str], ...]
    findings: tuple[Finding, ...]
    accepted: tuple[tuple[Finding, str], ...]
    unused: tuple[Accepted, ...]

    @property
    def clean(self) -> bool:
        """Whether all that were asked answered, and nothing counts against the images."""
        return not self.findings and not any(answer.problem for answer in self.answers)

    def as_json(self) -> dict[str, Any]:
        """Return it for programs."""
        return {"clean": self.clean, **asdict(self)}

    def text(self) -> str:
        """Return it for a reader."""
        lines = []
        for answer in self.answers:
            said = answer.problem or f"{len(answer.findings)} known against {answer.looked_at}"
            lines.append(f"{answer.source}: {said}")
        lines += [f"{source}: {why}" for source, why in self.not_asked]
        lines += [f"  FOUND     {line}" for line in _by_part(self.findings)]
        for reason in sorted({reason for _, reason in self.accepted}):
            lines += [f"  accepted  {line}" for line in _by_part(each for each, why in self.accepted if why == reason)]
            lines.append(f"            {reason}")
        lines += [f"  no longer needed: the exception for {each.component}, {each.advisory}" for each in self.unused]
        return "\n".join(lines)


def scan(references: Mapping[str, str], online: Mapping[str, list[Component]] | None = None) -> Result:
    """Scan built images.

    Args:
        references: the images' full names by key; the base among them.
        online: what is in them, to ask those too who are on the internet and in no package registry.
    """
    with ExitStack() as mounts:
        roots = {key: mounts.enter_context(HERE.mounted(name)) for key, name in references.items()}
        say("scan: Debian's archive")
        answers = [debian.look(roots)]
        say("scan: Go's vulnerability database")
        answers.append(golang.look(roots))
    if online is not None:
        say("scan: PyPI's advisories")
        answers.append(pypi.look(online))
    return judge(answers, {} if online is not None else {pypi.SOURCE: ONLINE}, ACCEPTED, date.today())


def judge(
    answers: Iterable[Answer], not_asked: Mapping[str, str], exceptions: Iterable[Accepted], today: date
) -> Result:
    """Sort what was found into what counts and what is accepted today."""
    answers, exceptions = tuple(answers), tuple(exceptions)
    counted, accepted, used = [], [], set()
    for finding in (finding for answer in answers for finding in answer.findings):
        cover = next((each for each in exceptions if each.covers(finding, today)), None)
        if cover:
            accepted.append((finding, cover.reason))
            used.add(cover)
        else:
            counted.append(finding)
    unused = tuple(each for each in exceptions if each not in used)
    return Result(answers, tuple(not_asked.items()), tuple(counted), tuple(accepted), unused)


def _by_part(findings: Iterable[Finding]) -> list[str]:
    """Return a line for each part of an image, with what is known against it."""
    parts = defaultdict(list)
    for each in findings:
        cure = f" (fixed in {each.fixed})" if each.fixed else ""
        parts[f"{each.image}: {each.component} {each.version}"].append(f"{each.advisory}{cure}")
    return [f"{part}: {len(known)} known: {', '.join(known)}" for part, known in parts.items()]
