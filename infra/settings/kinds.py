"""The kinds of value that settings share: paths from the project's root, and Kubernetes' names and amounts."""

from ipaddress import ip_network
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field

PROJECT_ROOT = Path(__file__).resolve().parents[2]


def from_root(path: Path) -> Path:
    """`path` as it is if absolute, else under the project's root: Pulumi runs the program from infra/."""
    return PROJECT_ROOT / path.expanduser()


def existing_file(path: Path) -> Path:
    """`path`, from the project's root; raises ValueError if no file is there."""
    try:
        path = from_root(path)
        found = path.is_file()
    except (OSError, RuntimeError) as error:  # a name too long, `~` of a user that does not exist
        raise ValueError(f"no such file: {path} ({error})") from None
    if not found:
        raise ValueError(f"no such file: {path}")
    return path


ExistingFile = Annotated[Path, AfterValidator(existing_file)]
DnsLabel = Annotated[str, Field(pattern=r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$")]
DnsName = Annotated[str, Field(max_length=253, pattern=r"^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$")]
"""The name of an object that no host is called by: it may have dots."""
SecretKey = Annotated[str, Field(pattern=r"^[-._a-zA-Z0-9]{1,253}$")]
Quantity = Annotated[str, Field(pattern=r"^[0-9]+(\.[0-9]+)?(m|[kMGT]i?)?$")]
Duration = Annotated[str, Field(pattern=r"^([0-9]+(ms|[smhdwy]))+$")]
Authority = Annotated[str, Field(pattern=r"^[a-z0-9.-]+(:[1-9][0-9]{0,4})?$")]
"""A host, with its port unless that is 443: what a payer's signature is for."""
Cidr = Annotated[str, AfterValidator(lambda text: str(ip_network(text)))]
Image = Annotated[str, Field(min_length=1, pattern=r"^\S+$")]
