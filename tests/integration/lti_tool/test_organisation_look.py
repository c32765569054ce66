"""The organisation's own colour and logo: what an administrator chooses is on every page, and what
cannot be read is refused with the nearest colour that can."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from lti_tool.base.accent import nearest_accent
from tests.support.tool import Tool


def picture(width: int, height: int) -> bytes:
    written = io.BytesIO()
    Image.new("RGB", (width, height), "#8a1538").save(written, "PNG")
    return written.getvalue()


@pytest.fixture
def home(tool: Tool) -> str:
    """The visit of somebody who administers the organisation."""
    tool.launch("launch-resource-teacher")
    tool.grant_to("3", "admin")
    return tool.launch("launch-resource-teacher").location


def test_a_colour_is_on_every_page_and_its_rules_can_be_kept_for_ever(
    tool: Tool, home: str
) -> None:
    form = tool.get(f"{home}admin/look")
    done = tool.post(f"{home}admin/look", form, colour="8A1538")
    assert done.status_code == 200
    assert "/looks/8a1538.css" in done.text
    assert "/looks/8a1538.css" in tool.get(f"{home}programmes/").text
    sheet = tool.get("/looks/8a1538.css")
    assert sheet.content_type == "text/css; charset=utf-8"
    assert "--accent: #8a1538;" in sheet.text
    assert "immutable" in sheet.headers["Cache-Control"]
    emptied = tool.post(f"{home}admin/look", form, colour="")
    assert "/looks/" not in emptied.text


@pytest.mark.parametrize("typed", ["blue", "#12345", "#ffffff; }"])
def test_what_is_no_colour_changes_nothing(tool: Tool, home: str, typed: str) -> None:
    form = tool.get(f"{home}admin/look")
    refused = tool.post(f"{home}admin/look", form, colour=typed)
    assert refused.status_code == 400
    assert "six digits" in refused.text
    assert "/looks/" not in tool.get(f"{home}admin/look").text


def test_a_pale_colour_is_refused_with_the_nearest_that_can_be_read(tool: Tool, home: str) -> None:
    form = tool.get(f"{home}admin/look")
    refused = tool.post(f"{home}admin/look", form, colour="#ffcc00")
    assert refused.status_code == 400
    nearest = nearest_accent("#ffcc00")
    assert f'value="{nearest}"' in refused.text
    assert tool.get("/looks/ffcc00.css").status_code == 404
    assert tool.post(f"{home}admin/look", refused, colour=nearest).status_code == 200


def test_a_logo_is_made_small_and_shown_to_everybody_of_the_organisation(
    tool: Tool, home: str
) -> None:
    form = tool.get(f"{home}admin/look")
    logo = (io.BytesIO(picture(2_000, 500)), "Logo München.png")
    done = tool.post(f"{home}admin/look", form, colour="", logo=logo)
    assert done.status_code == 200
    page = tool.get(f"{home}programmes/")
    assert 'width="112" height="28"' in page.text, "28 pixels high, four times as wide"
    shown = tool.get(page.text.split('class="logo" src="')[1].split('"')[0])
    assert shown.content_type == "image/png"
    with Image.open(io.BytesIO(shown.data)) as image:
        assert image.size == (336, 84)
    back = tool.post(f"{home}admin/look", form, colour="", drop_logo="1")
    assert back.status_code == 200
    assert "/static/icon.svg" in tool.get(f"{home}programmes/").text


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG is not taken"),
        (b"", "no PNG"),
        (picture(6_001, 10), "more than a page can show"),
    ],
)
def test_a_file_that_is_no_picture_changes_nothing(
    tool: Tool, home: str, content: bytes, says: str
) -> None:
    form = tool.get(f"{home}admin/look")
    refused = tool.post(
        f"{home}admin/look", form, colour="#8a1538", logo=(io.BytesIO(content), "logo.svg")
    )
    assert refused.status_code == 400
    assert says in refused.text
    assert "/looks/" not in tool.get(f"{home}programmes/").text


def test_only_who_administers_chooses_the_look(tool: Tool) -> None:
    teacher = tool.launch("launch-resource-teacher").location
    assert tool.get(f"{teacher}admin/look").status_code == 403
