"""Register a platform by what somebody typed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from adapters.lms import detect_family
from adapters.lms.canvas import hosted_endpoints as canvas_endpoints
from core.database import UnitOfWork
from core.errors import BadInput, Conflict
from core.http_client import url_origin
from core.messages import lazy_gettext
from lti_tool.base import journal_store, platforms_store
from lti_tool.base.platforms_store import APPROVED

MAX_URL_LENGTH, MAX_ID_LENGTH, MAX_NAME_LENGTH = 2_000, 255, 200


@dataclass(frozen=True)
class ManualRegistration:
    """A registration as typed into the form. Empty fields are filled in for a known LMS."""

    name: str
    family: str
    issuer: str
    client_id: str
    auth_login_url: str
    auth_token_url: str
    key_set_url: str
    auth_audience: str
    deployment_ids: tuple[str, ...]
    frame_origins: tuple[str, ...]


def validate_registration(allow_private: bool, typed: ManualRegistration) -> dict[str, Any]:
    """Validate a typed registration and return its values; BadInput names the wrong field and
    what to do.
    """
    family = typed.family or detect_family("", typed.issuer.strip(), typed.auth_login_url.strip())
    hosted = canvas_endpoints(typed.issuer.strip()) if family == "canvas" else {}
    values: dict[str, Any] = {
        "family": family,
        "issuer": validate_url(allow_private, typed.issuer, "issuer"),
    }
    for field in ("auth_login_url", "auth_token_url", "key_set_url"):
        values[field] = validate_url(
            allow_private, getattr(typed, field) or hosted.get(field, ""), field
        )
    client_id = typed.client_id.strip()
    if not client_id or len(client_id) > MAX_ID_LENGTH or not client_id.isprintable():
        raise BadInput(
            "The client id is missing; the LMS shows it beside the tool's name.", field="client_id"
        )
    for item in typed.deployment_ids:
        if len(item) > MAX_ID_LENGTH or not item.isprintable():
            raise BadInput(
                lazy_gettext(
                    "The deployment id %(deployment)s is none.", deployment=repr(item[:50])
                ),
                field="deployment_ids",
            )
    origins = [validate_origin(allow_private, origin) for origin in typed.frame_origins]
    audience = typed.auth_audience.strip()
    if len(audience) > MAX_URL_LENGTH or not audience.isprintable():
        raise BadInput(
            "The audience of the access token is no text of one line.", field="auth_audience"
        )
    name = typed.name.strip() or urlsplit(values["issuer"]).netloc
    return {
        **values,
        "client_id": client_id,
        "auth_audience": audience,
        "name": name[:MAX_NAME_LENGTH],
        "frame_origins": origins,
    }


def register_manually(
    unit_of_work: UnitOfWork,
    *,
    tenant_id: int,
    allow_private: bool,
    typed: ManualRegistration,
    status: str,
    who: str,
) -> int:
    """Register a platform manually; return its id. Raise Conflict if the same client of the
    same issuer is already registered.
    """
    values = validate_registration(allow_private, typed)
    with unit_of_work(tenant_id) as connection:
        values |= {"status": status, "approve_deployments": not typed.deployment_ids}
        registration_id = platforms_store.insert_platform(connection, tenant_id, values)
        if registration_id is None:
            raise Conflict(
                lazy_gettext(
                    "The client %(client)s of %(issuer)s is registered already; change "
                    "that registration, or remove it first.",
                    client=values["client_id"],
                    issuer=values["issuer"],
                ),
                field="client_id",
            )
        for item in typed.deployment_ids:
            platforms_store.insert_deployment(
                connection, tenant_id, registration_id, item, APPROVED
            )
        details = {
            "platform": registration_id,
            "issuer": values["issuer"],
            "client_id": values["client_id"],
        }
        journal_store.insert_audit_entry(
            connection, tenant_id, who, "added a platform by hand", details
        )
    return registration_id


def validate_origin(allow_private: bool, text: str) -> str:
    """Validate an origin whose pages may frame ours, such as https://learn.example.org, or
    https://*.example.org for all subdomains.
    """
    bare = text.strip().rstrip("/")
    result = url_origin(bare.replace("://*.", "://any.", 1))
    if (
        not result
        or result != bare.replace("://*.", "://any.", 1).lower()
        or (result.startswith("http://") and not allow_private)
    ):
        raise BadInput(
            lazy_gettext(
                "%(text)s is no origin such as https://learn.example.org (no path, https).",
                text=repr(text.strip()[:100]),
            ),
            field="frame_origins",
        )
    return bare.lower()


def validate_url(allow_private: bool, text: str, field: str) -> str:
    """Validate a web address; BadInput names ``field``."""
    result = text.strip()
    if not result:
        raise BadInput(
            "An address is missing; the LMS shows all of them under the tool's configuration "
            "details.",
            field=field,
        )
    if (
        len(result) > MAX_URL_LENGTH
        or not url_origin(result)
        or not result.isprintable()
        or " " in result
    ):
        raise BadInput(
            lazy_gettext("%(text)s is not a web address.", text=repr(result[:100])), field=field
        )
    if result.startswith("http://") and not allow_private:
        raise BadInput(
            lazy_gettext("%(text)s must begin with https://.", text=repr(result[:100])), field=field
        )
    return result
