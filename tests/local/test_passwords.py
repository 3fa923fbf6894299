"""A password is replaced in steps, each of which leaves the one that is in use and the one it changes with."""

from itertools import pairwise
from pathlib import Path

import pytest

from local.passwords import Password
from local.rotate import in_steps

pytestmark = pytest.mark.unit


@pytest.fixture
def password(tmp_path: Path) -> Password:
    return Password(tmp_path / "redis-password")


def known(password: Password) -> list[str]:
    """The password, and the other one if there is one."""
    return [Path(path).read_text() for path in password.settings("password_file", "other_password_file").values()]


def test_it_is_made_once_and_private(password: Password) -> None:
    (first,) = known(password)
    assert known(password) == [first]
    assert len(first) == 64
    assert password.file.stat().st_mode & 0o077 == 0


def test_the_next_is_known_before_it_is_wanted_and_the_previous_one_after(password: Password) -> None:
    (old,) = known(password)
    seen: list[list[str]] = []
    in_steps([password], lambda: seen.append(known(password)))
    (_, new), *_ = seen
    assert seen == [[old, new], [new, old], [new]]
    assert new != old
    assert [path.name for path in password.file.parent.iterdir()] == ["redis-password"]


@pytest.mark.parametrize("ups", [1, 2, 3])
def test_an_interrupted_rotation_goes_on_with_the_same_new_one(password: Password, ups: int) -> None:
    (old,) = known(password)
    seen: list[list[str]] = []

    def up() -> None:
        seen.append(known(password))
        if len(seen) == ups:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        in_steps([password], up)
    new = seen[0][1]
    if ups < 3:  # in the last one nothing is left to go on with
        in_steps([password], lambda: seen.append(known(password)))
    assert known(password) == [new] != [old]
    for before, after in pairwise(seen):
        assert before[0] in after or after[0] in before, "somebody would know neither"
