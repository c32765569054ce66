"""Figures and reports as PDF: what the page shows, tagged, for whoever may see the page."""

from __future__ import annotations

import io
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from lxml import html
from pypdf import PdfReader

from lrs.vocabulary.report_names import REPORT_LABELS
from lti_tool.home import printed_page
from tests.support.figure_pages import TEACHER, answered, launched
from tests.support.real_store import RealStore, real_store
from tests.support.tool import Tool

LEARNER = "launch-resource-student1"


@pytest.fixture
def store(tool: Tool) -> Iterator[RealStore]:
    with real_store(tool) as made:
        yield made


def pdf(tool: Tool, address: str) -> tuple[PdfReader, str]:
    answer = tool.get(address)
    assert answer.status_code == 200, answer.text[:500]
    assert answer.headers["Content-Type"] == "application/pdf"
    assert "attachment" in answer.headers["Content-Disposition"]
    if folder := os.environ.get("CARRYOVER_KEEP_PDF"):
        Path(folder, address.rpartition("/")[2].partition("?")[0]).write_bytes(answer.data)
    reader = PdfReader(io.BytesIO(answer.data))
    return reader, squeeze("".join(page.extract_text() for page in reader.pages))


def squeeze(text: str) -> str:
    """Without white space: a line may break at any."""
    return re.sub(r"\s+", "", text)


def cells(page: str) -> list[str]:
    return [
        squeeze("".join(map(str, one.itertext()))) for one in html.fromstring(page).iter("td", "th")
    ]


def test_the_figures_are_printed_with_the_values_of_the_page(tool: Tool, store: RealStore) -> None:
    store.post(*(answered("Nord 漢字", 40) for _ in range(6)))
    store.publish()
    home = launched(tool, "training manager")
    page = tool.get(f"{home}figures").text
    assert "figures.pdf" in page
    reader, text = pdf(tool, f"{home}figures.pdf")
    root: Any = reader.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"] and "/StructTreeRoot" in root
    assert root["/Lang"].startswith("en")
    assert reader.metadata is not None
    assert reader.metadata.title == "Phishing response: does the effect last?"
    assert reader.xmp_metadata is not None
    assert b"pdfuaid" in reader.xmp_metadata.stream.get_data(), "PDF/UA"
    assert "Howthisiscounted" in text and "Tooearlytosay:0of6confirmed." in text
    for cell in cells(page):
        assert cell in text, cell
    assert [one["/Title"] for one in reader.outline if not isinstance(one, list)]
    assert "Statementsbehind" not in text and "Recordcertification" not in text
    assert float(reader.pages[0].mediabox.height) == pytest.approx(841.89, abs=1), "A4"


def test_each_report_is_printed_with_its_picture_and_table(tool: Tool, store: RealStore) -> None:
    store.post(*(answered("Nord 漢字 فريق", 40) for _ in range(6)))
    store.post(*(answered("South <b>& #1", 40, right=False) for _ in range(6)))
    store.publish()
    home = launched(tool, "training manager")
    for key in REPORT_LABELS:
        page = tool.get(f"{home}reports/{key}").text
        reader, text = pdf(tool, f"{home}reports/{key}.pdf")
        assert "Phishingresponse" in text, "of which programme"
        missing = [cell for cell in cells(page) if cell not in text and not right_to_left(cell)]
        assert not missing, (key, missing)
        assert ('class="figure' in page) <= ("/Figure" in list(structure(reader))), key


def right_to_left(text: str) -> bool:
    return bool(re.search("[\u0600-\u06ff]", text))


def structure(reader: PdfReader) -> Iterator[str]:
    """The tags of the document, from its root."""
    waiting: list[Any] = [reader.trailer["/Root"]["/StructTreeRoot"]]
    while waiting:
        one = waiting.pop().get_object()
        if isinstance(one, list):
            waiting += one
        elif isinstance(one, dict):
            yield str(one.get("/S", ""))
            if one.get("/S") == "/Figure":
                assert one.get("/Alt"), "a picture says what it shows"
            if "/K" in one:
                waiting.append(one["/K"])


def test_who_may_not_see_the_page_gets_no_pdf(tool: Tool, store: RealStore) -> None:
    store.post(*(answered("North", 40) for _ in range(6)))
    learner = tool.launch(LEARNER).location
    for path in ("figures.pdf", "reports/teams.pdf"):
        assert tool.get(f"{learner}{path}").status_code == 403, path
    teacher = tool.launch(TEACHER).location
    assert tool.get(f"{teacher}reports/scorecard.pdf").status_code == 403, "of the whole programme"
    assert tool.get(f"{teacher}figures.pdf?programme=other").status_code == 403
    assert tool.get(f"{teacher}figures.pdf").status_code == 200


def test_nothing_is_printed_while_the_record_store_does_not_answer(tool: Tool) -> None:
    home = launched(tool, "training manager")
    tool.moodle.server.says("/api/v1/figures", *[(503, "Service Unavailable", {})] * 3)
    assert tool.get(f"{home}figures.pdf").status_code == 503


@pytest.mark.parametrize(
    ("locale", "expected"),
    [("en-US", "us-letter"), ("es_MX", "us-letter"), ("de-DE", "a4"), ("en", "a4"), ("", "a4")],
)
def test_the_paper_is_that_of_the_readers_country(locale: str, expected: str) -> None:
    assert printed_page.choose_paper(locale) == expected
