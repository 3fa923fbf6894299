"""Keys, LCT ids and prices: pure rules, checked against published and hand-computed values."""

from fractions import Fraction

import base58
import pytest
from fixture_types import NewKey
from web4_identity.domain.keys import from_multikey
from web4_identity.domain.pricing import MAX_ATP, PriceTooHigh, mint_price
from web4_identity.http.client_ip import client_ip
from web4_identity.http.rate_limiter import rate_limit_key
from web4_identity.settings.parsers import exact_factor, networks

pytestmark = pytest.mark.unit


def test_lct_id_matches_the_published_vector(new_key: NewKey) -> None:
    key = new_key(seed=bytes([7]) * 32)
    assert key.lct_id.startswith("lct:web4:mb32:b")
    assert key.lct_id.endswith("b72asyextvngonlc5w2nmguxza3frweppip5thyss5577kurghceq")
    assert len(key.lct_id) == len("lct:web4:mb32:b") + 52
    assert key.public_key.startswith("z6Mk")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "z6Mk",
        "z" + base58.b58encode(b"\xec\x01" + bytes(32)).decode(),
        "z6Mk" + "0" * 44,
        "z6Mk" + "1" * 44,
        "z" + base58.b58encode(b"\xed\x01" + bytes(31)).decode(),
        "z6Mk" + "a" * 5000,
    ],
)
def test_what_is_no_ed25519_multikey_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        from_multikey(text)


def test_a_multikey_reads_back_to_the_same_bytes(new_key: NewKey) -> None:
    key = new_key(seed=bytes([7]) * 32)
    assert from_multikey(key.public_key) == key.private.public_key().public_bytes_raw()


@pytest.mark.parametrize(("minted", "price"), [(0, 100), (1, 150), (2, 225), (3, 337), (4, 506), (10, 5766)])
def test_price_is_the_exact_floor(minted: int, price: int) -> None:
    assert mint_price(100, Fraction(3, 2), minted) == price


def test_price_is_exact_where_floats_are_not() -> None:
    exact = 10**9 * 11**98 // 10**98
    assert int(10**9 * 1.1**98) != exact, "the case must be one that floats get wrong"
    assert mint_price(10**9, Fraction(11, 10), 98) == exact


def test_price_is_refused_just_above_the_limit_and_not_below() -> None:
    assert mint_price(1, Fraction(2), 53) == MAX_ATP
    with pytest.raises(PriceTooHigh):
        mint_price(1, Fraction(2), 54)
    with pytest.raises(PriceTooHigh):
        mint_price(100, Fraction(3, 2), 80)
    assert mint_price(100, Fraction(3, 2), 79) == 100 * 3**79 // 2**79 <= MAX_ATP


def test_price_of_a_huge_society_is_refused_at_once() -> None:
    # 1.5**1740 overflows a float; 1.5**10**12 would never finish exactly.
    for minted in (1740, 10**12):
        with pytest.raises(PriceTooHigh):
            mint_price(100, Fraction(3, 2), minted)
    assert mint_price(100, Fraction(1), 10**12) == 100


def test_factor_is_kept_exact() -> None:
    assert exact_factor("1.1") == Fraction(11, 10) != Fraction(1.1)
    for text in ("1e1", "-1.5", "0.9", "1001", "1.00001", "nan", "", "1.5x"):
        with pytest.raises(ValueError):
            exact_factor(text)


PROXIES = networks("10.0.0.0/8, fd00::/8")


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("198.51.100.7", ["1.2.3.4"], "198.51.100.7"),
        ("10.1.1.1", [], "10.1.1.1"),
        ("10.1.1.1", ["1.2.3.4"], "1.2.3.4"),
        ("10.1.1.1", ["6.6.6.6, 1.2.3.4"], "1.2.3.4"),
        ("10.1.1.1", ["6.6.6.6", "1.2.3.4, 10.9.9.9"], "1.2.3.4"),
        ("10.1.1.1", ["1.2.3.4, rubbish"], "10.1.1.1"),
        ("10.1.1.1", ["10.2.2.2, 10.3.3.3"], "10.2.2.2"),
        ("::ffff:10.1.1.1", ["::ffff:1.2.3.4"], "1.2.3.4"),
        ("fd00::1", ["2001:db8::5"], "2001:db8::5"),
    ],
)
def test_client_address_is_the_rightmost_untrusted_one(peer: str, forwarded: list[str], client: str) -> None:
    assert client_ip(peer, forwarded, PROXIES) == client


def test_no_proxy_is_trusted_by_default() -> None:
    assert client_ip("10.1.1.1", ["1.2.3.4"], ()) == "10.1.1.1"


def test_one_ipv6_network_counts_as_one_client() -> None:
    assert rate_limit_key("2001:db8::1") == rate_limit_key("2001:db8::ffff") != rate_limit_key("2001:db8:0:1::1")
    assert rate_limit_key("192.0.2.1") != rate_limit_key("192.0.2.2")
