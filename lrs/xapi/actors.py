"""Identities of actors: inverse functional identifiers (xAPI-Data 2.4.2.3) as one text per
identity."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

_SCHEME = "mailto:"
IFI_NAMES = ("mbox", "mbox_sha1sum", "openid", "account")


def normalize_mailbox(mbox: str) -> str:
    """An address with its scheme and domain in small letters, in which case means nothing (RFC 3986
    3.1; RFC 5321 2.4; xAPI-Data 2.3.1); that of the part before the @ may.
    """
    local, at, domain = mbox.rpartition("@")
    if local[: len(_SCHEME)].lower() == _SCHEME:
        local = _SCHEME + local[len(_SCHEME) :]
    return f"{local}{at}{domain.lower()}"


def identity_of(actor: dict[str, Any]) -> str | None:
    """A text that is equal exactly when two actors are the same identity; None for an anonymous
    group."""
    if "mbox" in actor:
        return f"mbox {normalize_mailbox(actor['mbox'])}"
    if "mbox_sha1sum" in actor:
        return f"mbox_sha1sum {actor['mbox_sha1sum']}"
    if "openid" in actor:
        return f"openid {actor['openid']}"
    account = actor.get("account")
    if account:
        return f"account {account['homePage']} {account['name']}"
    return None


def as_agent(identity: str) -> dict[str, Any]:
    """An agent with this identity: the inverse of :func:`identity_of`."""
    kind, _, value = identity.partition(" ")
    if kind != "account":
        return {kind: value}
    page, _, name = value.partition(" ")
    return {"account": {"homePage": page, "name": name}}


def find_identity_or_none(value: dict[str, Any]) -> str | None:
    """The identity of any object found in a statement: None for what is no agent, or only looks
    like one (in an extension)."""
    if not any(name in value for name in IFI_NAMES):
        return None
    try:
        return identity_of(value)
    except (KeyError, TypeError):
        return None


def iter_identities(actor: dict[str, Any] | None) -> Iterator[str]:
    """The identity of an actor and those of its members."""
    if not actor:
        return
    identity = identity_of(actor)
    if identity:
        yield identity
    for member in actor.get("member", ()):
        yield from iter_identities(member)


def find_spelled_mailboxes(value: Any) -> Iterator[str]:
    """Mailboxes of a statement as they are spelled, where that is not how they are compared."""
    if isinstance(value, dict):
        mbox = value.get("mbox")
        if isinstance(mbox, str) and normalize_mailbox(mbox) != mbox:
            yield mbox
        for name, inner in value.items():
            if name != "extensions":
                yield from find_spelled_mailboxes(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from find_spelled_mailboxes(inner)
