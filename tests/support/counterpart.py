"""LMSs of other houses: lti1p3platform as a platform over HTTP, Open edX's consumer as a second
signer, and our tool served beside them.

What is said in LTI is said by their classes; here are only storage, routes and the joining.
"""

from __future__ import annotations

import json
import threading
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from flask import Flask, Response, jsonify, redirect, request
from flask.typing import ResponseReturnValue
from jinja2 import Environment, PackageLoader
from lti1p3platform import exceptions, response  # type: ignore[import-untyped]  # the package carries no types
from lti1p3platform.ltiplatform import LTI1P3PlatformConfAbstract  # type: ignore[import-untyped]  # the package carries no types
from lti1p3platform.membership import Context  # type: ignore[import-untyped]  # the package carries no types
from lti1p3platform.message_launch import LTIAdvantageMessageLaunchAbstract  # type: ignore[import-untyped]  # the package carries no types
from lti1p3platform.oidc_login import OIDCLoginAbstract  # type: ignore[import-untyped]  # the package carries no types
from lti1p3platform.registration import Registration  # type: ignore[import-untyped]  # the package carries no types
from lti1p3platform.request import Request  # type: ignore[import-untyped]  # the package carries no types
from lti1p3platform.score import UpdateScoreStatus  # type: ignore[import-untyped]  # the package carries no types
from lti1p3platform.service_connector import (  # type: ignore[import-untyped]  # the package carries no types
    AssignmentsGradesService,
    NamesRoleProvisioningService,
)
from werkzeug.serving import WSGIRequestHandler, make_server

from carryover.sample_programme import sample_document
from core import settings as ground_settings
from lti_tool import app, bootstrap, operator_api
from lti_tool.base import platforms_store
from lti_tool.base.deps import ToolDeps
from tests.conftest import environ_for
from tests.support.tool import Asked, FakeServer, Reply

CLIENT_ID, DEPLOYMENT_ID = "carryover-over-there", "deployment-1"
MEMBERSHIP = "http://purl.imsglobal.org/vocab/lis/v2/membership#"
CERTIFIED = 9  # learners who were certified a week ago
LEARNERS = 65
MEMBERS_A_PAGE = 25
# The library's own launch form; its package of templates cannot be imported without setuptools'
# retired pkg_resources.
_LAUNCH_FORM = Environment(
    loader=PackageLoader("lti1p3platform.framework"), autoescape=True
).get_template("launch.html")


class Served:
    """A WSGI application on a port of its own. Its address is known before the application is,
    which may need it.
    """

    def __init__(self) -> None:
        self.app: Callable[..., Iterable[bytes]] = Flask(__name__)
        self._server = make_server(
            "127.0.0.1",
            0,
            lambda environ, start: self.app(environ, start),
            threaded=True,
            request_handler=_Quiet,
        )
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.01,), daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._thread.join()


class _Quiet(WSGIRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Quiet."""


@cache
def private_key(owner: str) -> str:
    """A key of a platform (PEM)."""
    made = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
    return made.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


# --- lti1p3platform
# ---------------------------------------------------------------------------------------------------------------


@dataclass
class Activity:
    """One activity of a course; ``column`` is the address of its own column, ``chooses`` makes it
    the choice of content instead.
    """

    course: str
    id: str
    url: str
    custom: dict[str, str] = field(default_factory=dict)
    column: str = ""
    chooses: bool = False


class School:
    """What the platform keeps, and its pages."""

    def __init__(self, url: str, tool: str) -> None:
        self.url, self.tool = url, tool
        self.people = {
            f"learner-{number}": (f"Learner {number}", "Learner")
            for number in range(1, LEARNERS + 1)
        }
        self.people["teacher"] = ("Tessa Teacher", "Instructor")
        self.activities: dict[str, Activity] = {}
        self.columns: dict[str, dict[str, Any]] = {}
        self.scores: dict[tuple[str, str], dict[str, Any]] = {}  # by column and person
        self.answers: list[dict[str, Any]] = []  # to requests for content: their claims
        self.asked: list[str] = []  # scopes, one entry for each request for a token
        self.pages_read: list[str] = []  # of rosters: their addresses
        pem = private_key("lti1p3platform")
        public = serialization.load_pem_private_key(pem.encode(), None).public_key()
        public_pem = public.public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        ).decode()
        self.registration = (
            Registration()
            .set_iss(url)
            .set_client_id(CLIENT_ID)
            .set_deployment_id(DEPLOYMENT_ID)
            .set_oidc_login_url(f"{tool}/lti/login")
            .set_launch_url(f"{tool}/lti/launch")
            .set_deeplink_launch_url(f"{tool}/lti/launch")
            .set_tool_key_set_url(f"{tool}/lti/jwks.json")
            .set_platform_public_key(public_pem)
            .set_platform_private_key(pem)
        )

    def activity(
        self, course: str, name: str, *, column: bool = False, chooses: bool = False, **custom: str
    ) -> Activity:
        """Put an activity into a course, with a column of its own or without."""
        made = Activity(
            course, f"{course}-{name}", f"{self.tool}/lti/launch", custom, chooses=chooses
        )
        if column:
            made.column = self.new_column(
                course, {"label": name, "scoreMaximum": 5, "resourceLinkId": made.id}
            )["id"]
        self.activities[made.id] = made
        return made

    def door(self, activity: Activity, person: str) -> str:
        """Where a person opens an activity."""
        return f"{self.url}/open/{activity.id}?person={person}"

    def new_column(self, course: str, wanted: dict[str, Any]) -> dict[str, Any]:
        """A column of a course's gradebook."""
        address = f"{self.url}/{course}/lineitems/{len(self.columns) + 1}"
        self.columns[address] = {**wanted, "id": address}
        return self.columns[address]

    def column(self, address: str) -> dict[str, Any]:
        """A column that is there."""
        if address not in self.columns:
            raise exceptions.LineItemNotFoundException(address)
        return self.columns[address]

    def take(self, course: str, items: list[dict[str, Any]]) -> None:
        """Make activities of chosen content."""
        for item in items:
            made = self.activity(course, item["custom"]["page"], **item["custom"])
            made.url = item["url"]
            if "lineItem" in item:
                made.column = self.new_column(
                    course, {**item["lineItem"], "resourceLinkId": made.id}
                )["id"]


class _Conf(LTI1P3PlatformConfAbstract):  # type: ignore[misc]  # the package carries no types
    """One for each request: it keeps what it last decoded."""

    def init_platform_config(self, **kwargs: Any) -> None:
        self._registration = kwargs["registration"]

    def get_registration_by_params(self, **kwargs: Any) -> Any:
        return self._registration


class _Request(Request):  # type: ignore[misc]  # the package carries no types
    def build_metadata(self, request: Any) -> dict[str, Any]:
        # The library's paging counts with what it is handed, so numbers must be some.
        asked = {
            name: int(value) if name in ("page", "limit") else value
            for name, value in request.args.items()
        }
        return {
            "method": request.method,
            "form_data": request.form.to_dict(),
            "get_data": asked,
            "headers": request.headers,
            "content_type": request.content_type,
            "path": request.path,
            "json": json.loads(request.data)
            if request.data and "json" in (request.content_type or "")
            else None,
        }


class _Login(OIDCLoginAbstract):  # type: ignore[misc]  # the package carries no types
    def set_lti_message_hint(self, **kwargs: Any) -> None:
        self._lti_message_hint = kwargs["activity"]

    def get_redirect(self, url: str) -> Any:
        return redirect(url)


class _Launch(LTIAdvantageMessageLaunchAbstract):  # type: ignore[misc]  # the package carries no types
    school: School

    def prepare_launch(self, preflight_response: dict[str, Any]) -> None:
        school, person = self.school, preflight_response["login_hint"]
        activity, (name, role) = (
            school.activities[preflight_response["lti_message_hint"]],
            school.people[person],
        )
        self.set_user_data(person, [f"{MEMBERSHIP}{role}"], name, f"{person}@example.org")
        self.set_launch_context_claim(activity.course, context_title=f"Course {activity.course}")
        self.set_launch_presentation_claim("iframe", f"{school.url}/{activity.course}")
        if activity.chooses:
            self.set_dl(f"{school.url}/{activity.course}/chosen", extra_data=f"for {person}")
            return
        self.set_launch_url(activity.url)
        self.set_resource_link_claim(activity.id, title=activity.id)
        self.set_custom_parameters_claim(activity.custom)
        self.set_ags(f"{school.url}/{activity.course}/lineitems", activity.column or None)
        self.set_nrps(f"{school.url}/{activity.course}/members?limit={MEMBERS_A_PAGE}")

    def render_launch_form(self, launch_data: dict[str, Any], **kwargs: Any) -> str:
        return _LAUNCH_FORM.render(launch_data)


def _page(rows: list[dict[str, Any]], page: int, limit: int | None) -> dict[str, Any]:
    end = page * limit if limit else len(rows)
    return {"content": rows[end - limit : end] if limit else rows, "has_next": end < len(rows)}


class _Gradebook(AssignmentsGradesService):  # type: ignore[misc]  # the package carries no types
    def __init__(self, school: School, course: str) -> None:
        super().__init__(
            _Request(request),
            _Conf(registration=school.registration),
            f"{school.url}/{course}/lineitems",
        )
        self.school, self.course = school, course

    def find_lineitems(
        self,
        page: int = 1,
        limit: int | None = None,
        line_item_id: str | None = None,
        resource_link_id: str | None = None,
        resource_id: str | None = None,
        tag: str | None = None,
    ) -> dict[str, Any]:
        wanted = {"resourceLinkId": resource_link_id, "resourceId": resource_id, "tag": tag}
        here = [
            one
            for one in self.school.columns.values()
            if one["id"].startswith(f"{self.ags.lineitems_url}/")
        ]
        return _page(
            [
                one
                for one in here
                if all(value is None or one.get(name) == value for name, value in wanted.items())
            ],
            page,
            limit,
        )

    def find_lineitem(self, line_item_id: str) -> dict[str, Any]:
        return self.school.column(line_item_id)

    def create_lineitem(self, creation_data: dict[str, Any]) -> dict[str, Any]:
        return self.school.new_column(self.course, creation_data)

    def update_lineitem(self, update_data: dict[str, Any]) -> dict[str, Any]:
        self.school.column(update_data["id"])
        self.school.columns[update_data["id"]] = update_data
        return update_data

    def delete_lineitem(self, line_item_id: str) -> None:
        self.school.column(line_item_id)
        del self.school.columns[line_item_id]

    def update_score(self, line_item_id: str, score: dict[str, Any]) -> Any:
        self.school.column(line_item_id)
        key = (line_item_id, score["userId"])
        before, at = self.school.scores.get(key), datetime.fromisoformat(score["timestamp"])
        if before is not None and datetime.fromisoformat(before["timestamp"]) >= at:
            return UpdateScoreStatus.OLD_TIMESTAMP
        self.school.scores[key] = score
        return UpdateScoreStatus.SUCCESS if before else UpdateScoreStatus.CREATED

    def get_results(
        self, line_item_id: str, page: int = 1, limit: int | None = None, user_id: str | None = None
    ) -> dict[str, Any]:
        self.school.column(line_item_id)
        found = [
            {
                "id": f"{line_item_id}/results/{person}",
                "userId": person,
                "resultScore": score["scoreGiven"],
                "resultMaximum": score["scoreMaximum"],
                "scoreOf": line_item_id,
            }
            for (column, person), score in self.school.scores.items()
            if column == line_item_id and user_id in (None, person)
        ]
        return _page(found, page, limit)


class _Roster(NamesRoleProvisioningService):  # type: ignore[misc]  # the package carries no types
    def __init__(self, school: School, course: str) -> None:
        super().__init__(
            _Request(request),
            _Conf(registration=school.registration),
            f"{school.url}/{course}/members",
        )
        self.school, self.course = school, course

    def get_context_by_id(self) -> Any:
        return Context(id=self.course, label=self.course, title=f"Course {self.course}")

    def get_member_data_page(
        self,
        page: int = 1,
        limit: int | None = None,
        role: str | None = None,
        since: str | None = None,
    ) -> dict[str, Any]:
        members = [
            {"user_id": person, "roles": [f"{MEMBERSHIP}{role}"], "name": name}
            for person, (name, role) in self.school.people.items()
        ]
        return _page(members, page, limit)


def _answer(found: Any) -> ResponseReturnValue:
    """The library's answer as Flask's: what its own wrapper for Django does."""
    if not 200 <= found.code < 300:
        return jsonify({"error": found.message}), found.code
    whole = found.result if isinstance(found.result, dict) else {}
    made = Response(
        "" if found.code == 204 else json.dumps(whole.get("content", found.result)),
        found.code,
        content_type=found.media_type,
    )
    if whole.get("next"):
        made.headers["Link"] = response.generate_next_link(whole["next"])
    return made


def platform_app(school: School) -> Flask:
    """The platform's routes."""
    pages = Flask("lti1p3platform")

    def conf() -> Any:
        return _Conf(registration=school.registration)

    @pages.errorhandler(exceptions.LtiException)
    @pages.errorhandler(exceptions.LtiDeepLinkingResponseException)
    @pages.errorhandler(jwt.InvalidTokenError)
    def refused(error: Exception) -> ResponseReturnValue:
        return jsonify({"error": str(error)}), 400

    @pages.get("/open/<activity>")
    def opened(activity: str) -> ResponseReturnValue:
        login = _Login(_Request(request), conf())
        login.set_lti_message_hint(activity=activity)
        login.set_launch_url(school.activities[activity].url)
        begun: ResponseReturnValue = login.initiate_login(request.args["person"])
        return begun

    @pages.route("/auth", methods=["GET", "POST"])
    def auth() -> ResponseReturnValue:
        launch = _Launch(_Request(request), conf())
        launch.school = school
        form: str = launch.lti_launch()
        return form

    @pages.get("/jwks")
    def jwks() -> ResponseReturnValue:
        return jsonify(conf().get_jwks())

    @pages.post("/token")
    def token() -> ResponseReturnValue:
        school.asked.append(request.form["scope"])
        return jsonify(conf().get_access_token(request.form.to_dict()))

    @pages.route("/<course>/lineitems", methods=["GET", "POST"])
    def columns(course: str) -> ResponseReturnValue:
        book = _Gradebook(school, course)
        return _answer(
            book.handle_resp(
                {"GET": book.handle_get_lineitems, "POST": book.handle_create_lineitem}[
                    request.method
                ]
            )
        )

    @pages.route("/<course>/lineitems/<number>", methods=["GET", "PUT", "DELETE"])
    def column(course: str, number: str) -> ResponseReturnValue:
        book = _Gradebook(school, course)
        acts = {
            "GET": book.handle_get_lineitem,
            "PUT": book.handle_update_lineitem,
            "DELETE": book.handle_delete_lineitem,
        }
        return _answer(book.handle_resp(acts[request.method], line_item_id=request.base_url))

    @pages.post("/<course>/lineitems/<number>/scores")
    def scores(course: str, number: str) -> ResponseReturnValue:
        book = _Gradebook(school, course)
        return _answer(
            book.handle_resp(
                book.handle_update_score, line_item_id=request.base_url.removesuffix("/scores")
            )
        )

    @pages.get("/<course>/lineitems/<number>/results")
    def results(course: str, number: str) -> ResponseReturnValue:
        book = _Gradebook(school, course)
        return _answer(
            book.handle_resp(
                book.handle_get_results, line_item_id=request.base_url.removesuffix("/results")
            )
        )

    @pages.get("/<course>/members")
    def members(course: str) -> ResponseReturnValue:
        school.pages_read.append(request.url)
        roster = _Roster(school, course)
        return _answer(roster.handle_resp(roster.handle_get_members))

    @pages.post("/<course>/chosen")
    def chosen(course: str) -> ResponseReturnValue:
        checked = conf()
        items = checked.validate_deeplinking_resp(request.form.to_dict())
        school.answers.append(checked.tool_validate_and_decode(request.form["JWT"]))
        school.take(course, items)
        return f"The course has {len(items)} more activities."

    return pages


# --- Open edX
# ---------------------------------------------------------------------------------------------------------------------


@cache
def _open_edx() -> tuple[Any, Any, Any]:
    """The package's modules of consumer, launch data and cache. Django is set up once, without its
    logging, and when it is first needed.
    """
    with warnings.catch_warnings():
        # At import: webob needs cgi, which Python 3.13 has no more; openedx-filters says that
        # Python 3.11 is old.
        warnings.filterwarnings("ignore", "'cgi' is deprecated", DeprecationWarning)
        warnings.filterwarnings("ignore", "Python 3.11 support is deprecated", DeprecationWarning)
        django_settings = import_module("django.conf").settings
        if not django_settings.configured:
            caches = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
            django_settings.configure(
                PLATFORM_NAME="Counterpart", CACHES=caches, LOGGING_CONFIG=None
            )
            import_module("django").setup()
        return (
            import_module("lti_consumer.lti_1p3.consumer"),
            import_module("lti_consumer.data"),
            import_module("lti_consumer.utils"),
        )


class OpenEdx:
    """A second signer: Open edX's consumer, whose pages a plain server shows."""

    def __init__(self, server: FakeServer, tool: str) -> None:
        self.server, self.tool, self.issuer = server, tool, f"{server.url}/edx"
        self.id_tokens: list[str] = []
        self.chosen: list[dict[str, Any]] = []
        self.consumers, self._data, self._utils = _open_edx()
        server.says("/edx/jwks", (200, "OK", self.consumer().get_public_keyset()))
        server.says("/edx/auth", self._auth)
        server.says("/edx/token", self._token)
        server.says("/edx/chosen", self._chosen)

    def consumer(self) -> Any:
        """A fresh one, as Open edX makes for each request."""
        made = self.consumers.LtiAdvantageConsumer(
            iss=self.issuer,
            lti_oidc_url=f"{self.tool}/lti/login",
            lti_launch_url=f"{self.tool}/lti/launch",
            client_id="edx-client",
            deployment_id="1",
            rsa_key=private_key("open edx"),
            rsa_key_id="edx-key",
            redirect_uris=[f"{self.tool}/lti/launch"],
            tool_keyset_url=f"{self.tool}/lti/jwks.json",
        )
        made.enable_ags(f"{self.issuer}/lineitems", f"{self.issuer}/lineitems/1")
        made.enable_nrps(f"{self.issuer}/members")
        made.enable_deep_linking(f"{self.tool}/lti/launch", f"{self.issuer}/chosen")
        return made

    def door(self, person: str, role: str, message: str = "LtiResourceLinkRequest") -> str:
        """Where a person goes to open the activity: the tool's login."""
        wanted = self._data.Lti1p3LaunchData(
            person,
            role,
            "config",
            "edx-link",
            name=f"{person} of edX",
            context_id="edx-course",
            message_type=message,
        )
        address: str = self.consumer().prepare_preflight_url(wanted)
        return address

    def _auth(self, asked: Asked) -> Reply:
        preflight = {name: values[0] for name, values in parse_qs(urlsplit(asked[1]).query).items()}
        wanted, signer = (
            self._utils.get_data_from_cache(preflight["lti_message_hint"]),
            self.consumer(),
        )
        signer.set_user_data(wanted.user_id, wanted.user_role, full_name=wanted.name)
        signer.set_resource_link_claim(wanted.resource_link_id)
        signer.set_context_claim(wanted.context_id)
        signer.set_launch_presentation_claim("iframe")
        signed = signer.generate_launch_request(preflight)
        self.id_tokens.append(signed["id_token"])
        return (200, "OK", _LAUNCH_FORM.render(launch_url=preflight["redirect_uri"], **signed))

    def _token(self, asked: Asked) -> Reply:
        return (
            200,
            "OK",
            self.consumer().access_token(
                {name: values[0] for name, values in parse_qs(asked[3].decode()).items()}
            ),
        )

    def _chosen(self, asked: Asked) -> Reply:
        self.chosen = self.consumer().check_and_decode_deep_linking_token(
            parse_qs(asked[3].decode())["JWT"][0]
        )
        return (200, "OK", "taken")


# --- our tool
# ---------------------------------------------------------------------------------------------------------------------


@dataclass
class Meeting:
    """Our tool and its counterparts, each at an address of its own."""

    deps: ToolDeps
    tenant_id: int
    tool: str
    school: School
    server: FakeServer  # the tenant's record store, and the pages of Open edX

    def registered(self, issuer: str) -> platforms_store.Platform:
        """A platform as the tool knows it."""
        with self.deps.unit_of_work(self.tenant_id) as connection:
            return next(
                one
                for one in platforms_store.list_platforms(connection, self.tenant_id)
                if one.issuer == issuer
            )


@contextmanager
def meeting(servers: Any, database: str, home: Path) -> Iterator[Meeting]:
    """A tenant with the sample programme, lti1p3platform as its LMS, and learners there who were
    certified a week ago.
    """
    ours, theirs, server = Served(), Served(), FakeServer()
    server.says("/api/v1/figures", (200, "OK", {"figures": []}))
    environ = {
        **environ_for(servers, database, home),
        "CARRYOVER_BASE_URL": ours.url,
        "CARRYOVER_LRS_URL": server.url,
    }
    settings, deps = ground_settings.read_settings(environ), bootstrap.build(environ)
    school = School(theirs.url, ours.url)
    ours.app, theirs.app = app.create_app(deps), platform_app(school)
    tenant_id = operator_api.create_tenant(
        settings, name="one", lrs_url=None, lrs_key="key", lrs_secret="secret", practice=False
    )
    platform = {
        "issuer": theirs.url,
        "client_id": CLIENT_ID,
        "auth_login_url": f"{theirs.url}/auth",
        "auth_token_url": f"{theirs.url}/token",
        "key_set_url": f"{theirs.url}/jwks",
    }
    week_ago = datetime.now(UTC) - timedelta(days=7)
    certified = {
        f"learner-{number}": (f"Learner {number}", week_ago) for number in range(1, CERTIFIED + 1)
    }
    operator_api.seed_tenant(
        settings,
        tenant_id=tenant_id,
        programme=sample_document(),
        platform=platform,
        deployments=[DEPLOYMENT_ID],
        certified=certified,
    )
    yield Meeting(deps, tenant_id, ours.url, school, server)
    for one in (ours, theirs, server):
        one.close()
    deps.engine.dispose()
    deps.client.close()
    deps.own_client.close()


def register_open_edx(met: Meeting) -> OpenEdx:
    """Open edX, entered by hand as an operator does."""
    edx = OpenEdx(met.server, met.tool)
    typed = operator_api.ManualRegistration(
        name="Open edX",
        family="",
        issuer=edx.issuer,
        client_id="edx-client",
        auth_login_url=f"{edx.issuer}/auth",
        auth_token_url=f"{edx.issuer}/token",
        key_set_url=f"{edx.issuer}/jwks",
        auth_audience="",
        deployment_ids=("1",),
        frame_origins=(),
    )
    operator_api.TenantOperator(
        met.deps.unit_of_work, met.deps.settings, met.tenant_id, "a test"
    ).add_platform(typed, True)
    return edx
