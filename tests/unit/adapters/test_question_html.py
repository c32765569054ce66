"""HTML of questions: what acts is gone after cleaning, what reads stays, and cleaning again changes
nothing.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.questions import question_html

DIGEST = "a" * 64


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        '<img src="javascript:alert(1)">',
        '<img src="https://tracker.example/pixel.gif">',
        '<img src="data:image/svg+xml;base64,PHN2Zz4=">',
        "<svg onload=alert(1)><script>1</script></svg>",
        "<style>body{display:none}</style>",
        '<p style="position:fixed;inset:0">over everything</p>',
        '<a href="javascript:alert(1)">here</a>',
        "<iframe src=https://evil.example></iframe>",
        "<form action=https://evil.example><input name=password></form>",
        "<math><mtext></p><mglyph><style><img src=x onerror=alert(1)></style></math>",
        "<p class=top id=next>like the page's own</p>",
        "<!-- --><script>1</script>",
        '"><script>1</script>',
    ],
)
def test_nothing_that_acts_is_left(hostile: str) -> None:
    cleaned = question_html.clean_html(f"<p>Before</p>{hostile}<p>After</p>")
    for part in (
        "<script",
        "onerror",
        "onload",
        "javascript:",
        "data:",
        "https:",
        "<style",
        "style=",
        "<iframe",
        "<form",
        "<input",
        "<svg",
        "class=",
        "id=",
    ):
        assert part not in cleaned, cleaned
    assert "Before" in cleaned and "After" in cleaned


def test_what_reads_stays() -> None:
    kept = (
        "<p>The <strong>domain</strong><br>decides.</p><ul><li>one</li></ul><img "
        f'src="file:{DIGEST}" alt="A mail">'
    )
    assert question_html.clean_html(kept) == kept
    assert question_html.picture_digests(kept) == [DIGEST]
    assert f'src="/t/1/pictures/{DIGEST}"' in question_html.add_picture_urls(kept, "/t/1/pictures/")
    assert question_html.html_to_text(kept) == "The domain decides. one A mail"
    assert question_html.html_to_text("3 &lt; 4 &amp; 5") == "3 < 4 & 5"


@given(st.text(st.characters(codec="utf-8"), max_size=200))
def test_cleaning_again_changes_nothing_and_plain_text_survives(text: str) -> None:
    once = question_html.clean_html(text)
    assert question_html.clean_html(once) == once
    assert (
        question_html.html_to_text(question_html.text_to_html(text)).split()
        == text.replace("\0", "\ufffd").split()
        or "\r" in text
        or "\0" in text
    )
