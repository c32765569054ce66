"""Signed statements (xAPI-Data 2.6): a JSON Web Signature over the statement as it was before the
signature was attached.
"""

from __future__ import annotations

import base64
import binascii
from typing import Any

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.x509 import load_der_x509_certificate

from lrs.xapi import json_codec
from lrs.xapi.errors import StatementInvalid
from lrs.xapi.statement_equality import is_same_statement
from lrs.xapi.statement_parser import SIGNATURE_USAGE_TYPE, remove_members

ALGORITHMS = ("RS256", "RS384", "RS512")
SIGNATURE_CONTENT_TYPE = "application/octet-stream"
MAX_SIGNATURE_BYTES = 4 * 1024 * 1024  # bytes: the statement again, in base64


def require_valid_signature(payload: bytes, signature: bytes) -> None:
    """StatementInvalid when the signature is malformed, or signs a statement other than
    ``payload``."""
    place = "$.attachments"
    try:
        token = signature.decode("ascii").strip()
        header = jwt.get_unverified_header(token)
    except (UnicodeDecodeError, jwt.PyJWTError):
        raise StatementInvalid(
            place, "the signature is no JSON Web Signature in compact form (xAPI-Data 2.6)."
        ) from None
    if header.get("alg") not in ALGORITHMS:
        raise StatementInvalid(
            place,
            f"the signature's alg is {header.get('alg')!r}; it must be one of "
            f"{', '.join(ALGORITHMS)}.",
        )
    key = _load_public_key(header.get("x5c"), place)
    try:
        if key is None:
            signed = jwt.PyJWS().decode(token, options={"verify_signature": False})
        else:
            signed = jwt.PyJWS().decode(token, key=key, algorithms=[str(header["alg"])])
    except jwt.PyJWTError:
        raise StatementInvalid(
            place, "the signature does not belong to the certificate in its x5c header."
        ) from None
    try:
        decoded = json_codec.decode_strict(signed)
        same = isinstance(decoded, dict) and _is_same_statement(payload, signed)
    except (StatementInvalid, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        same = False
    if not same:
        raise StatementInvalid(
            place, "the signature signs another statement than the one it is attached to."
        )


def _load_public_key(x5c: Any, place: str) -> RSAPublicKey | None:
    """The public key of the first certificate; None without a certificate: then the signer is
    unknown."""
    if x5c is None:
        return None
    try:
        key = load_der_x509_certificate(base64.b64decode(x5c[0], validate=True)).public_key()
    except (ValueError, TypeError, IndexError, KeyError, binascii.Error, UnsupportedAlgorithm):
        raise StatementInvalid(
            place, "the signature's x5c header holds no certificate that can be read."
        ) from None
    if not isinstance(key, RSAPublicKey):
        raise StatementInvalid(place, "the certificate of the signature holds no RSA key.")
    return key


def _is_same_statement(payload: bytes, signed: bytes) -> bool:
    return is_same_statement(_strip_signatures(payload), _strip_signatures(signed))


def _strip_signatures(statement: bytes) -> bytes:
    """The statement without its signatures."""
    decoded = json_codec.decode(statement)
    kept = [
        item
        for item in decoded.get("attachments", ())
        if item.get("usageType") != SIGNATURE_USAGE_TYPE
    ]
    if "attachments" not in decoded:
        return statement
    bare = remove_members(statement, ("attachments",))
    if not kept:
        return bare
    return bare[:-1] + b',"attachments":' + json_codec.encode(kept) + b"}"
