"""Class injection: texts that mean something to a database, a template, a path or a header, and look-alikes."""

from collections.abc import Callable
from urllib.parse import quote

from web4_identity.validation.answer import Outcome, Refusal, refusal
from web4_identity.validation.attack import Attack
from web4_identity.validation.bed import Bed
from web4_identity.validation.mint_attack import INVALID, WAF, changed, spoiled_mint

CLASS = "injection"
UNKNOWN = refusal(404, "SOCIETY_NOT_FOUND")
# A proxy in front may refuse a path that it cannot read before the service sees it.
NO_SUCH_PATH = (Refusal(404), Refusal(400), WAF)

_MARKUP = {
    "SQL": "x' OR '1'='1",
    "SQL statement": "x'; DROP TABLE lcts; --",
    "NoSQL": '{"$ne": null}',
    "template": "{{7*7}}${7*7}",
    "lookup": "${jndi:ldap://127.0.0.1/a}",
    "path": "../../../etc/passwd",
    "shell": "$(id)|`id`",
}
_HIDDEN = {
    "CRLF": "x\r\nX-Injected: 1",
    "NUL": "x\x00y",
    "zero width": "sens\u200bor",
    "right to left": "sens\u202eor",
}
_ALIKE = {
    "confusable": "\u0455ensor",
    "full width": "\uff53ensor",
    "decomposed": "se\u0301nsor",
    "line end": "sensor\n",
}
_PATHS = {
    "SQL": quote("lct:web4:x' OR '1'='1", safe=""),
    "path": "..%2f..%2fmetrics",
    "double encoding": "%252e%252e%252fmetrics",
    "CRLF": "lct:web4:x%0d%0aX-Injected:%201",
    "NUL": "lct:web4:x%00",
    "template": quote("lct:web4:{{7*7}}", safe=""),
    "confusable": quote("lct:web\uff14:x", safe=""),
    "overlong UTF-8": "lct:web4:%c0%af",
    "huge": "lct:web4:" + "a" * 4000,
}


def attacks() -> list[Attack]:
    """The attacks of this class."""
    made = [
        spoiled_mint(
            CLASS, f"{name} in entity_identifier", repr(text), INVALID, WAF, body=changed(entity_identifier=text)
        )
        for name, text in {**_MARKUP, **_HIDDEN, **_ALIKE}.items()
    ]
    # A society is a registered row, so printable text of any meaning is only ever a name that nobody has.
    for texts, expected in ((_MARKUP, UNKNOWN), (_HIDDEN, INVALID)):
        for name, text in texts.items():
            body = changed(society=text)
            made.append(spoiled_mint(CLASS, f"{name} in society", repr(text), expected, WAF, body=body))
    made += [_look_alike("full width", _full_width), _look_alike("trailing space", lambda name: name + " ")]
    made += [_read(name, path) for name, path in _PATHS.items()]
    return made


def _look_alike(name: str, change: Callable[[str], str]) -> Attack:
    return spoiled_mint(
        CLASS,
        f"{name} in society",
        "the society's name, almost",
        UNKNOWN,
        body=lambda bed, subject: bed.order(subject, society=change(bed.society)),
    )


def _full_width(name: str) -> str:
    """The name with a first letter that compatibility normalisation would turn into the right one."""
    return chr(ord(name[0]) + 0xFEE0) + name[1:] if "!" <= name[0] <= "~" else name + "\uff0e"


def _read(name: str, path: str) -> Attack:
    async def run(bed: Bed) -> Outcome:
        answer = await bed.send("GET", f"/v1/lct/{path}")
        if "x-injected" in answer.headers:
            return Outcome(f"{answer} with an injected header", False)
        return await bed.judge(answer, NO_SUCH_PATH)

    return Attack(CLASS, f"{name} in the path", f"GET /v1/lct/{path[:40]}", " or ".join(map(str, NO_SUCH_PATH)), run)
