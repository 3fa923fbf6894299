"""Where a page ended, as opaque text that a client hands back."""

import base64
import binascii
import struct

# Society and position, two 64-bit integers.
_FORM = struct.Struct(">qq")


class CursorRefused(ValueError):
    """Not a cursor that this service gave out for this society."""


def write_cursor(society_id: int, position: int) -> str:
    """The cursor of a position in the list of a society."""
    return base64.urlsafe_b64encode(_FORM.pack(society_id, position)).decode("ascii").rstrip("=")


def read_cursor(text: str, society_id: int) -> int:
    """The position that `text` stands for. Raises CursorRefused, for another society's cursor too."""
    try:
        position: int
        _, position = _FORM.unpack(base64.b64decode(text + "==", altchars=b"-_", validate=True))
    except (ValueError, binascii.Error, struct.error):
        raise CursorRefused("not a cursor that was given out") from None
    # Another society's, or another text that decodes to the same bytes.
    if write_cursor(society_id, position) != text:
        raise CursorRefused("not a cursor that was given out for this society")
    return position
