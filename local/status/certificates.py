"""Certificates in the stack's Secrets, and how long each is good for."""

import base64
import binascii

from cryptography import x509

from local.errors import UserError
from local.place import Place
from local.status.model import Row, unknown
from local.times import since

# The operator renews Postgres's in the last 7 days, cert-manager the edge's in the last 30; an alert comes at 14.
LEAST_DAYS = 5
_CERTIFICATES = r'{range .items[*]}{.metadata.name}{" "}{.data.tls\.crt}{"\n"}{end}'


def certificates(place: Place) -> list[Row]:
    """Return a row for each Secret of the namespace that has a certificate, the soonest to end first.

    Raises UserError if the Secrets may not be read. Of each, the certificate alone is looked at.
    """
    lines = place.kubectl("get", "secrets", f"--output=jsonpath={_CERTIFICATES}").splitlines()
    pairs = [line.split(" ", 1) for line in lines]
    rows = [_row(name, content) for name, content in pairs if content]
    if not rows:
        raise UserError("no Secret of the namespace has a certificate")
    return sorted(rows, key=lambda row: row.figures.get("days_left", 0))


def _row(name: str, content: str) -> Row:
    try:
        certificate = x509.load_pem_x509_certificate(base64.b64decode(content))
    except (ValueError, binascii.Error) as error:
        return unknown(name, error)
    days = -since(certificate.not_valid_after_utc) / 86400
    figures = {"days_left": round(days, 1), "ends": certificate.not_valid_after_utc.isoformat()}
    return Row(name, f"{days:.0f} days left", days >= LEAST_DAYS, figures)
