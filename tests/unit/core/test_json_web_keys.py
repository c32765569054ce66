"""Which key of a set may verify a token: the one that is named, for its own algorithm, long enough."""

from __future__ import annotations

import json
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwcrypto.jwk import JWK

from core.json_web_keys import KeyRefused, find_verification_key, public_rsa_jwk

RSA_KEY = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
SHORT_KEY = rsa.generate_private_key(public_exponent=65_537, key_size=1_024)  # noqa: S505 - the one to refuse
EC_KEY = ec.generate_private_key(ec.SECP256R1())
ALGORITHMS = ("RS256", "RS512", "ES256")
GOOD = {**public_rsa_jwk(RSA_KEY.public_key()), "kid": "one"}
SHORT = {**public_rsa_jwk(SHORT_KEY.public_key()), "kid": "one"}
CURVE = {**json.loads(JWK.from_pyca(EC_KEY.public_key()).export_public()), "kid": "one"}


def signed(key: Any = RSA_KEY, algorithm: str = "RS256", **header: Any) -> str:
    return jwt.encode({"sub": "a"}, key, algorithm=algorithm, headers=header or {"kid": "one"})


def test_the_named_key_verifies_what_it_signed() -> None:
    other = {**CURVE, "kid": "other"}
    token = signed()
    key, algorithm = find_verification_key(token, {"keys": [other, 7, GOOD]}, ALGORITHMS)
    assert jwt.decode(token, key, algorithms=[algorithm]) == {"sub": "a"}
    curve = signed(EC_KEY, "ES256")
    key, algorithm = find_verification_key(curve, {"keys": [GOOD, CURVE]}, ALGORITHMS)
    assert jwt.decode(curve, key, algorithms=[algorithm]) == {"sub": "a"}


@pytest.mark.parametrize(
    ("token", "keys", "unknown"),
    [
        ("no token", [GOOD], False),
        (signed(kid=""), [GOOD], False),
        (signed(typ="JWT"), [GOOD], False),  # no kid
        (signed(kid="two"), [GOOD], True),
        (signed(), [], True),
        (signed(), [{**GOOD, "use": "enc"}], True),
        (signed(), [{**GOOD, "alg": "RS512"}], True),
        (signed(), [CURVE], True),
        (signed(algorithm="RS384"), [GOOD], False),
        (signed("a secret of more than thirty-two bytes", "HS256"), [GOOD], False),
        (signed("", "none"), [GOOD], False),
        (signed(), [{**GOOD, "n": "AA"}], False),
        (signed(), [{"kty": "RSA", "kid": "one"}], False),
        (signed(), [SHORT], False),
    ],
)
def test_no_other_key_and_no_other_algorithm_does(
    token: str, keys: list[Any], unknown: bool
) -> None:
    with pytest.raises(KeyRefused) as refused:
        find_verification_key(token, {"keys": keys}, ALGORITHMS)
    assert refused.value.unknown is unknown, "only an unknown key is worth another look"


def test_a_lone_key_needs_no_name_where_that_is_allowed() -> None:
    token = signed(typ="JWT")
    lone = {name: value for name, value in GOOD.items() if name != "kid"}
    find_verification_key(token, {"keys": [lone]}, ALGORITHMS, needs_kid=False)
    with pytest.raises(KeyRefused):
        find_verification_key(token, {"keys": [lone, lone]}, ALGORITHMS, needs_kid=False)


def test_a_key_without_an_algorithm_has_the_default_one() -> None:
    silent = {name: value for name, value in GOOD.items() if name != "alg"}
    for algorithm in ("RS256", "RS512"):
        find_verification_key(signed(algorithm=algorithm), {"keys": [silent]}, ALGORITHMS)
    with pytest.raises(KeyRefused):
        find_verification_key(
            signed(algorithm="RS512"), {"keys": [silent]}, ALGORITHMS, default_algorithm="RS256"
        )


def test_a_key_is_published_with_its_thumbprint() -> None:
    made = public_rsa_jwk(RSA_KEY.public_key())
    other = JWK.from_pyca(RSA_KEY.public_key())
    assert made["kid"] == other.thumbprint()
    assert made == {
        **json.loads(other.export_public()),
        "kid": made["kid"],
        "alg": "RS256",
        "use": "sig",
    }
