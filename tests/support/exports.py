"""Export files: asked for by a client, and as the job makes them."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from typing import Any

from analytics.deps import AnalyticsDeps
from analytics.jobs import export_files as making
from lrs.store import change_queue
from tests.support.learners import PROGRAMME
from tests.support.store import Caller


def ask(one: Caller, **wish: Any) -> dict[str, Any]:
    answer = one.send(
        "POST",
        "/api/v1/exports",
        data=json.dumps({"programme": PROGRAMME, "format": "csv", **wish}),
    )
    assert answer.status_code == 202, answer.text
    return dict(answer.json or {})


def made(deps: AnalyticsDeps, one: Caller, **wish: Any) -> tuple[dict[str, Any], zipfile.ZipFile]:
    export = ask(one, **wish)["export"]
    making.build_exports(deps, change_queue.list_tenant_ids(deps.engine)[0])
    told = one.get(f"/api/v1/exports/{export}").json
    assert told["status"] == "made", told
    file = one.get(f"/api/v1/exports/{export}/file")
    assert file.content_type == "application/zip"
    assert hashlib.sha256(file.data).hexdigest() == told["sha256"]
    return dict(told or {}), zipfile.ZipFile(io.BytesIO(file.data))
