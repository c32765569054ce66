"""Redirects that add or merge a slash, without the host name of the request: a forged ``Host``
header redirects nobody."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Flask, Response, request
from werkzeug.routing import RequestRedirect


def make_redirects_relative(app: Flask) -> None:
    """Make the router's own redirects of ``app`` relative: the browser knows the scheme and
    host it used."""

    @app.after_request
    def strip_host(response: Response) -> Response:
        result = request.routing_exception
        if isinstance(result, RequestRedirect):
            to = urlsplit(result.new_url)
            path = "/" + to.path.lstrip("/")  # two slashes would name another host
            response.headers["Location"] = f"{path}?{to.query}" if to.query else path
        return response
