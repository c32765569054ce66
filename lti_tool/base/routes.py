"""Routes of the pages: each handler is a function of its module, and its decorator says once who
may call it, whether a file may come with it, and how often it is answered.

A handler's first argument is the context that the routes' opener gives: of a person's session, of
a staff page, or the tool's dependencies where everybody may come. A route that does not say who
may call it cannot be declared.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import wraps
from typing import Any, Concatenate, Generic, TypeVar

from flask import Blueprint, Flask, current_app, request
from flask.sansio.app import App
from flask.typing import ResponseReturnValue

from core.errors import TooManyRequests
from core.messages import Message
from core.rate_limiter import network_of
from lti_tool.base.deps import ToolDeps
from lti_tool.base.forms import allow_large_upload

C = TypeVar("C")
Handler = Callable[Concatenate[C, ...], ResponseReturnValue]
_EXTENSION, _DEPS = "carryover.route_access", "carryover.deps"
_VISIT_ARGUMENT = re.compile(r"<uuid:(\w+)>")


@dataclass(frozen=True)
class RateClass:
    """How often one network may call a route: ``most`` times in ``seconds``; beyond that,
    ``refused`` makes the error.
    """

    name: str
    most: int
    seconds: int
    message: Message
    refused: Callable[[Message], Exception] = TooManyRequests


@dataclass(frozen=True)
class RouteAccess:
    """Who may call a route: the holders of one of ``roles`` in a session, (``public``, with the
    reason) everybody. ``by_link``: whoever came by an administrator's link, instead.
    """

    roles: frozenset[str] = frozenset()
    public: str = ""
    by_link: bool = False


@dataclass(frozen=True)
class _Route:
    path: str
    methods: tuple[str, ...]
    handler: Callable[..., ResponseReturnValue]
    access: RouteAccess
    upload: bool
    rate: RateClass | None


# Opens the context of a request: the tool's dependencies, the roles that may call the route, the
# visit that its address names (None where it names none).
Opener = Callable[[ToolDeps, frozenset[str], uuid.UUID | None], C]


class Routes(Generic[C]):
    """The routes of one part of the pages. ``prefix`` may name the visit as ``<uuid:…>``.
    Without ``opener``, whoever mounts them gives one.
    """

    def __init__(self, name: str, prefix: str, opener: Opener[C] | None = None) -> None:
        self.name, self._prefix, self._opener = name, prefix, opener
        self._routes: list[_Route] = []

    def get(
        self,
        path: str,
        *,
        roles: frozenset[str] = frozenset(),
        public: str = "",
        rate: RateClass | None = None,
    ) -> Callable[[Handler[C]], Handler[C]]:
        """Declare a page."""
        return self._declare(path, ("GET",), RouteAccess(roles, public), rate=rate)

    def post(
        self,
        path: str,
        *,
        roles: frozenset[str] = frozenset(),
        public: str = "",
        by_link: bool = False,
        upload: bool = False,
        rate: RateClass | None = None,
    ) -> Callable[[Handler[C]], Handler[C]]:
        """Declare what takes a form. ``upload``: the form may hold a file; ``by_link``: it is there
        only where the routes are mounted for an administrator's link.
        """
        return self._declare(path, ("POST",), RouteAccess(roles, public, by_link), upload, rate)

    def get_or_post(
        self, path: str, *, public: str, rate: RateClass | None = None
    ) -> Callable[[Handler[C]], Handler[C]]:
        """Declare what another service calls in either way."""
        return self._declare(path, ("GET", "POST"), RouteAccess(public=public), rate=rate)

    def _declare(
        self,
        path: str,
        methods: tuple[str, ...],
        access: RouteAccess,
        upload: bool = False,
        rate: RateClass | None = None,
    ) -> Callable[[Handler[C]], Handler[C]]:
        if [bool(access.roles), bool(access.public), access.by_link].count(True) != 1:
            raise ValueError(
                f"{self.name} {path}: say who may call it: roles, public=reason, by_link"
            )

        def keep(handler: Handler[C]) -> Handler[C]:
            self._routes.append(_Route(path, methods, handler, access, upload, rate))
            return handler

        return keep

    def list_access(self) -> list[tuple[str, str, RouteAccess]]:
        """(methods, address, who may call it) of each route."""
        return [
            (", ".join(route.methods), self._prefix + route.path, route.access)
            for route in self._routes
        ]

    def blueprint(
        self,
        *,
        name: str = "",
        prefix: str = "",
        opener: Opener[C] | None = None,
        by_link: bool = False,
    ) -> Blueprint:
        """The routes as Flask takes them; ``name``, ``prefix`` and ``opener`` for a second place
        where the same pages are mounted.
        """
        name, prefix = name or self.name, prefix or self._prefix
        made = Blueprint(name, self.name, url_prefix=prefix or None)
        visit = _VISIT_ARGUMENT.match(prefix.removeprefix(prefix.split("<")[0]))
        opener = opener or self._opener
        if opener is None:
            raise ValueError(f"{self.name}: nothing opens the context of its routes")
        access = {}
        views: dict[str, tuple[_Route, Callable[..., ResponseReturnValue]]] = {}
        for route in self._routes:
            if route.access.by_link and not by_link:
                continue
            endpoint = route.handler.__name__
            access[f"{name}.{endpoint}"] = replace(route.access, by_link=by_link)
            view = _view(route, opener, visit[1] if visit else "")
            first, view = views.setdefault(endpoint, (route, view))
            if replace(route, path=first.path) != first:
                raise ValueError(f"{name}.{endpoint}: its addresses differ in more than the path")
            made.add_url_rule(route.path, endpoint, view, methods=route.methods)
        made.record(lambda state: state.app.extensions.setdefault(_EXTENSION, {}).update(access))
        return made


def _view(
    route: _Route, opener: Opener[Any], visit_argument: str
) -> Callable[..., ResponseReturnValue]:
    @wraps(route.handler)
    def view(**arguments: Any) -> ResponseReturnValue:
        deps = deps_of(current_app)
        if route.upload:
            allow_large_upload()
        visit_id = arguments.pop(visit_argument) if visit_argument else None
        # Opened first: the opener chooses the language in which too many calls are refused.
        context = opener(deps, route.access.roles, visit_id)
        if route.rate is not None:
            require_rate(deps, route.rate)
        return route.handler(context, **arguments)

    return view


def serve_with(app: Flask, deps: ToolDeps) -> None:
    """Give the routes of the app their dependencies."""
    app.extensions[_DEPS] = deps


def deps_of(app: App) -> ToolDeps:
    """The dependencies with which the app is served."""
    deps: ToolDeps = app.extensions[_DEPS]
    return deps


def require_rate(deps: ToolDeps, rate: RateClass) -> None:
    """Raise the error of ``rate`` if this network calls too often."""
    network = network_of(request.remote_addr or "")
    if not deps.limiter.allows(rate.name, network, rate.most, rate.seconds):
        raise rate.refused(rate.message)


def _access_table(app: App) -> dict[str, RouteAccess]:
    table: dict[str, RouteAccess] = app.extensions.setdefault(_EXTENSION, {})
    return table


def declare_public(app: Flask, endpoint: str, reason: str) -> None:
    """Declare that everybody may call a route which the app itself adds."""
    _access_table(app)[endpoint] = RouteAccess(public=reason)


def access_table(app: Flask) -> dict[str, RouteAccess]:
    """Who may call each route of the app. RuntimeError if one was added without saying so, or does
    not belong to a session below ``/t/`` and is not public.
    """
    table = _access_table(app)
    for rule in app.url_map.iter_rules():
        access = table.get(rule.endpoint)
        if access is None or (access.public and rule.rule.startswith("/t/")):
            raise RuntimeError(f"{rule.rule} does not say who may call it")
    return table


def roles_of(endpoint: str) -> frozenset[str]:
    """The roles that may call a route of the current app."""
    return _access_table(current_app)[endpoint].roles
