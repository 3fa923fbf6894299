"""What is known against an image's parts, and what of that has been looked at and accepted."""

from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatch


@dataclass(frozen=True, order=True)
class Finding:
    """One known vulnerability of one part of an image, or one update that waits for it.

    Attributes:
        image: the image's name.
        component: the part's name.
        version: the part's version.
        advisory: what it is called: `GO-2025-1234`, `PYSEC-…`; of Debian's, where the update is.
        fixed: the version without it; empty where there is none.
    """

    image: str
    component: str
    version: str
    advisory: str
    fixed: str = ""


@dataclass(frozen=True)
class Answer:
    """What one source of advisories said of all images.

    Attributes:
        source: what was asked.
        looked_at: what it was asked about, in words with a number.
        findings: what it said.
        problem: why it could not answer, or not for all; empty where it did.
    """

    source: str
    looked_at: str = ""
    findings: tuple[Finding, ...] = ()
    problem: str = ""


@dataclass(frozen=True)
class Accepted:
    """Findings that are known and do no harm, until a day. `*` stands for anything in the first three.

    Attributes:
        image: the image's name.
        component: the part's name.
        advisory: what it is called.
        reason: why it does no harm here.
        until: the day from which it counts again.
    """

    image: str
    component: str
    advisory: str
    reason: str
    until: date

    def covers(self, finding: Finding, today: date) -> bool:
        """Return whether it is about that finding, and today still holds."""
        return (
            today < self.until
            and fnmatch(finding.image, self.image)
            and fnmatch(finding.component, self.component)
            and fnmatch(finding.advisory, self.advisory)
        )
