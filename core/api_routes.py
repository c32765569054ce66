"""Routes of an HTTP API as declarations: what a route needs, takes and answers stands at its
handler, once. Authentication, parsing and the OpenAPI document (:mod:`core.openapi`) follow it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar, cast

import msgspec
from flask import Blueprint, Flask, request
from flask.typing import ResponseReturnValue

from core.errors import BadInput

# A JSON schema in which a Python type stands for the schema of that type.
Schema = Any
MAX_BIGINT = 2**63 - 1  # largest value of a database bigint
_JSON_PATH = re.compile(r"`?(\$[^`]*)`?")

DepsType = TypeVar("DepsType")
CallerType = TypeVar("CallerType")
BodyType = TypeVar("BodyType")
# Covariant: the handler of a route without a body fits, whatever it calls the body's type.
CallBody = TypeVar("CallBody", covariant=True)
Value = TypeVar("Value")
UrlParameters = ParamSpec("UrlParameters")
Answer = TypeVar("Answer", bound=ResponseReturnValue | None)


@dataclass(frozen=True)
class Parameter(Generic[Value]):
    """A parameter of the query. ``parse`` makes its value from the text, or from ``missing`` where
    the address has none; if ``repeated``, from the list of all texts.
    """

    name: str
    schema: Schema
    parse: Callable[[Any], Value]
    missing: str = ""
    required: bool = False
    repeated: bool = False

    def read(self) -> Value:
        """Return its value in this request; BadInput if it is not understood."""
        if self.repeated:
            return self.parse(request.args.getlist(self.name))
        return self.parse(request.args.get(self.name, self.missing))


@dataclass(frozen=True)
class Call(Generic[DepsType, CallerType, CallBody]):
    """What a handler is given: dependencies, who calls (None on a public route), the decoded body
    (None where the route declares no type for it), and by ``call[PARAMETER]`` the query.
    """

    deps: DepsType
    caller: CallerType
    body: CallBody
    query: Mapping[str, Any]

    def __getitem__(self, parameter: Parameter[Value]) -> Value:
        return cast("Value", self.query[parameter.name])


@dataclass(frozen=True)
class Route:
    """One method at one address, with all that is declared of it.

    A caller needs at least one of ``scopes``; a route without says in ``public`` why. ``query``
    None: the handler reads the query itself. A type as ``body`` is decoded, a schema described.
    ``summary`` is the first line of the handler's docstring unless it is given.
    """

    method: str
    rule: str
    handler: Callable[..., ResponseReturnValue | None]
    endpoint: str
    summary: str
    scopes: tuple[str, ...]
    public: str
    query: Sequence[Parameter[Any]] | None
    body: type | Mapping[str, Any] | None
    answer: Schema
    status: int
    errors: Sequence[int]
    media_type: str
    extra_media_types: Sequence[str]

    def __post_init__(self) -> None:
        if bool(self.scopes) == bool(self.public):
            raise ValueError(
                f"{self.method} {self.rule} declares no scope: name one, or say by public= why "
                "nobody need sign in (never both)."
            )


@dataclass(frozen=True)
class RouteView:
    """A route as Flask calls it: authenticated before anything is looked at, then parsed."""

    route: Route
    deps: Any
    authenticate: Callable[..., Any]

    def __call__(self, **url: Any) -> ResponseReturnValue:
        """Answer this request. A number in the address is clamped to what the database can hold:
        a larger id matches nothing anyway.
        """
        route = self.route
        caller = self.authenticate(*route.scopes) if route.scopes else None
        query = {} if route.query is None else _read_query(route.query)
        body = decode_body(route.body) if isinstance(route.body, type) else None
        for name, value in url.items():
            url[name] = min(value, MAX_BIGINT) if isinstance(value, int) else value
        answer = route.handler(Call(self.deps, caller, body, query), **url)
        if answer is None:
            return "", route.status
        return (answer, route.status) if isinstance(answer, dict) else answer


class Routes(Generic[DepsType, CallerType]):
    """The routes that a module declares; nothing happens before ``add_to``. ``reads_query``: a
    parameter that a route does not declare is refused, otherwise the handlers read the query.
    """

    def __init__(self, *, reads_query: bool) -> None:
        self._routes: list[Route] = []
        self._default_query: tuple[Parameter[Any], ...] | None = () if reads_query else None

    def __iter__(self) -> Iterator[Route]:
        return iter(self._routes)

    def route(
        self,
        method: str,
        rule: str,
        *,
        scope: str | tuple[str, ...] = (),
        public: str = "",
        query: Sequence[Parameter[Any]] | None = None,
        body: type[BodyType] | Mapping[str, Any] | None = None,
        answer: Schema = None,
        status: int = 200,
        errors: Sequence[int] = (),
        media_type: str = "application/json",
        extra_media_types: Sequence[str] = (),
        endpoint: str = "",
        summary: str = "",
    ) -> Callable[
        [Callable[Concatenate[Call[DepsType, CallerType, BodyType], UrlParameters], Answer]],
        Callable[Concatenate[Call[DepsType, CallerType, Any], UrlParameters], Answer],
    ]:
        """Declare the route of a handler: it returns a response, or an object for JSON or None
        for no content, which are sent with ``status``. See Route; ``errors`` are the statuses
        beyond those that every route may answer with.
        """

        def declare(
            handler: Callable[
                Concatenate[Call[DepsType, CallerType, BodyType], UrlParameters], Answer
            ],
        ) -> Callable[Concatenate[Call[DepsType, CallerType, Any], UrlParameters], Answer]:
            self._routes.append(
                Route(
                    method,
                    rule,
                    handler,
                    endpoint or handler.__name__,
                    summary or (handler.__doc__ or "").partition("\n")[0].rstrip("."),
                    (scope,) if isinstance(scope, str) else scope,
                    public,
                    self._default_query if query is None else query,
                    body,
                    answer,
                    status,
                    errors,
                    media_type,
                    extra_media_types,
                )
            )
            return handler

        return declare

    def add_to(
        self, pages: Blueprint, deps: DepsType, authenticate: Callable[..., CallerType]
    ) -> None:
        """Add the routes to a blueprint. ``authenticate`` returns the caller of the current request
        if it has at least one of the scopes it is given, and raises otherwise.
        """
        for route in self._routes:
            pages.add_url_rule(
                route.rule,
                route.endpoint,
                RouteView(route, deps, authenticate),
                methods=[route.method],
            )


def require_declared_access(
    app: Flask, scopes: Mapping[str, Any], public_endpoints: Mapping[str, str]
) -> None:
    """Raise ValueError if an address of ``app`` is neither a declared route whose scopes are among
    ``scopes``, nor one of ``public_endpoints`` (endpoint → why nobody need sign in).
    """
    for rule in app.url_map.iter_rules():
        view = app.view_functions[rule.endpoint]
        if isinstance(view, RouteView):
            unknown = set(view.route.scopes) - scopes.keys()
            if unknown:
                raise ValueError(f"{rule.rule}: there is no scope {', '.join(sorted(unknown))}.")
        elif rule.endpoint not in public_endpoints:
            raise ValueError(f"{rule.rule} ({rule.endpoint}) does not declare who may call it.")


def decode_body(shape: type[BodyType]) -> BodyType:
    """Decode the body of this request; BadInput says what is wrong, and where."""
    try:
        return msgspec.json.decode(request.get_data(), type=shape)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, ValueError) as error:
        result = _JSON_PATH.search(str(error))
        raise BadInput(
            f"The body is not what is expected here: {error}",
            **({"path": result.group(1)} if result else {}),
        ) from None


def _read_query(declared: Sequence[Parameter[Any]]) -> dict[str, Any]:
    """Return the values of the declared parameters; BadInput for one that is unknown here, or
    stands twice.
    """
    by_name = {parameter.name: parameter for parameter in declared}
    for name in request.args:
        if name not in by_name:
            raise BadInput(
                f"{name} is no parameter here; allowed: {', '.join(by_name) or 'none'}.",
                parameter=name,
            )
        if not by_name[name].repeated and len(request.args.getlist(name)) > 1:
            raise BadInput(f"The parameter {name} stands twice in the address.", parameter=name)
    return {name: parameter.read() for name, parameter in by_name.items()}
