"""``/xapi``: the statements resource and about (xAPI-Communication 2.1, 2.8)."""

from __future__ import annotations

import json
import logging
import re
import uuid
from email.utils import format_datetime

from flask import Blueprint, Response, g, request
from sqlalchemy.exc import SQLAlchemyError

from lrs.actions import statements
from lrs.api import access
from lrs.ground.clock import from_microseconds, text_of
from lrs.ground.deps import Deps
from lrs.ground.errors import BadInput
from lrs.store.credentials import Caller
from lrs.store.statements import horizon
from lrs.vocabulary import BASE
from lrs.xapi import query as queries
from lrs.xapi import reading, writing

log = logging.getLogger(__name__)

VERSIONS = ("1.0.3", "2.0.0")
LARGEST_BODY = 32 * 1024 * 1024  # a batch of 1,000 statements of 32 kB
MORE_SECONDS = 48 * 3_600  # xAPI-Data 3.2 asks for 24 hours at least
COUNT_JOB = "lrs.worker.count"
_FAMILY = re.compile(r"(1\.0|2\.0)(?:\.\d+)?\Z")
_MORE = "statement page"


def blueprint(deps: Deps) -> Blueprint:
    """The routes below ``/xapi``."""
    pages = Blueprint("xapi", __name__, url_prefix="/xapi")

    @pages.before_request
    def read_the_body_first() -> None:
        # A client that is answered while it still sends sees a broken connection instead of our reason.
        request.max_content_length = LARGEST_BODY
        request.get_data()
        g.family_2_0 = deps.settings.default_version.startswith("2.0")
        if request.endpoint != "xapi.about":
            g.family_2_0 = _family_2_0()

    @pages.after_request
    def say_version_and_horizon(response: Response) -> Response:
        response.headers["X-Experience-API-Version"] = VERSIONS[1 if g.get("family_2_0") else 0]
        if request.endpoint != "xapi.about" and "X-Experience-API-Consistent-Through" not in response.headers:
            try:
                with deps.engine.connect() as connection:
                    response.headers["X-Experience-API-Consistent-Through"] = text_of(horizon(connection))
            except SQLAlchemyError:
                log.warning("no horizon: the database does not answer")
        return response

    @pages.get("/about")
    def about() -> Response:
        extensions = {f"{BASE}extensions/name": "Carryover"}
        return _json(json.dumps({"version": list(VERSIONS), "extensions": extensions}).encode())

    @pages.post("/statements")
    def post() -> Response:
        caller = access.require(deps.engine, deps.secrets, "statements/write")
        _require_json()
        incoming = reading.statements(request.get_data(), family_2_0=g.family_2_0, authority=authority_of(caller))
        _store(caller, incoming)
        return _json(json.dumps([str(one.id) for one in incoming]).encode())

    @pages.put("/statements")
    def put() -> Response:
        caller = access.require(deps.engine, deps.secrets, "statements/write")
        _require_json()
        if set(request.args) != {"statementId"}:
            raise BadInput("PUT takes the parameter statementId, and no other.", parameter="statementId")
        statement_id = queries.statement_id(request.args["statementId"], "statementId")
        one = reading.single(request.get_data(), str(statement_id), family_2_0=g.family_2_0, authority=authority_of(caller))
        _store(caller, [one])
        return Response(status=204)

    @pages.get("/statements")
    def get() -> Response:
        caller = access.require(deps.engine, deps.secrets, "statements/read")
        _refuse_repeated_parameters()
        if "statementId" in request.args or "voidedStatementId" in request.args:
            return _one(caller)
        if "more" in request.args:
            found = deps.secrets.verified(_MORE, request.args["more"], MORE_SECONDS)
            if found["tenant"] != caller.tenant_id:
                raise BadInput("This more link belongs to another tenant.", parameter="more")
            query = queries.StatementQuery.from_json(found["query"])
        else:
            query = queries.read(request.args)
        page = statements.page(deps.unit_of_work, tenant_id=caller.tenant_id, query=query)
        more = ""
        if page.following is not None:
            token = deps.secrets.sign(_MORE, {"tenant": caller.tenant_id, "query": page.following.to_json()})
            more = f"/xapi/statements?more={token}"
        response = _json(writing.page(page.payloads, more))
        response.headers["X-Experience-API-Consistent-Through"] = text_of(page.horizon)
        return response

    def _one(caller: Caller) -> Response:
        others = set(request.args) - {"statementId", "voidedStatementId", "format", "attachments"}
        if others or {"statementId", "voidedStatementId"} <= set(request.args):
            raise BadInput("Ask for one statement by statementId or voidedStatementId, with no filter beside it.")
        queries.read({name: request.args[name] for name in ("format", "attachments") if name in request.args})
        name = "statementId" if "statementId" in request.args else "voidedStatementId"
        wanted: uuid.UUID = queries.statement_id(request.args[name], name)
        found = statements.get(deps.unit_of_work, tenant_id=caller.tenant_id, statement_id=wanted, voided=name == "voidedStatementId")
        response = _json(found.payload)
        stored = from_microseconds(found.ord >> writing.ORD_SHIFT)
        response.headers["Last-Modified"] = format_datetime(stored.replace(microsecond=0), usegmt=True)
        response.headers["X-Experience-API-Consistent-Through"] = text_of(found.horizon)
        return response

    def _store(caller: Caller, incoming: list[reading.Incoming]) -> None:
        if statements.store(deps.unit_of_work, tenant_id=caller.tenant_id, incoming=incoming):
            deps.nudges.nudge(COUNT_JOB)

    return pages


def authority_of(caller: Caller) -> bytes:
    """Who vouches for statements of a credential (xAPI-Data 2.4.9), as bytes ready to splice."""
    return b'{"objectType":"Agent","account":{"homePage":"%scredentials","name":"%s"}}' % (BASE.encode(), caller.key.encode())


def _json(body: bytes) -> Response:
    return Response(body, content_type="application/json")


def _family_2_0() -> bool:
    text = request.headers.get("X-Experience-API-Version")
    if text is None:
        raise BadInput("The header X-Experience-API-Version is missing; send 1.0.3 or 2.0.0.", header="X-Experience-API-Version")
    match = _FAMILY.match(text.strip())
    if not match:
        raise BadInput(f"Version {text!r} is not spoken here; send 1.0.3 or 2.0.0.", header="X-Experience-API-Version")
    return match[1] == "2.0"


def _require_json() -> None:
    if request.mimetype != "application/json":
        raise BadInput(f"The Content-Type is {request.mimetype or 'missing'}; send statements as application/json.", header="Content-Type")


def _refuse_repeated_parameters() -> None:
    for name in request.args:
        if len(request.args.getlist(name)) > 1:
            raise BadInput(f"The parameter {name} stands twice in the address.", parameter=name)
