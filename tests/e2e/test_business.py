"""Was it worth it, by a training manager in a real browser: a figure is named, readings come from a
table, money and weights are put on record.
"""

from __future__ import annotations

from datetime import UTC, datetime

from playwright.sync_api import FilePayload

from tests.support.browser_pages import Pages, Pictures, accessible, opened
from tests.support.demo import Demo, wait_until


def table(teams: tuple[str, ...]) -> bytes:
    """Clicks a month of some teams; one line is far from the others."""
    year = datetime.now(UTC).year - 1
    lines = [
        f"{team};{year}-{month:02};{20 + (len(team) * month) % 5},5"
        for team in teams
        for month in range(1, 13)
    ]
    return (
        "Abteilung;Monat;Klicks\n" + "\n".join(lines) + f"\n{teams[0]};{year + 1}-01;900\n"
    ).encode()


def test_from_a_named_figure_to_a_weighed_scorecard(
    demo: Demo, page: Pages, pictures: Pictures
) -> None:
    tab = page(1280, dark=True)
    frame = opened(demo, tab, "teacher", "Programmes")
    frame.get_by_role("link", name="Phishing response").first.press("Enter")
    frame.get_by_role("link", name="Costs and benefits").press("Enter")
    frame.get_by_role("heading", name="Costs and benefits").wait_for()
    accessible(tab)
    label = "Clicks on false mails"
    if frame.locator("details[open]:has(form[action$='/kpi'])").count() == 0:
        frame.get_by_text("Add a business figure").press("Enter")
    named = frame.locator("form[action$='/kpi']").last
    named.get_by_label("Name", exact=True).fill(label)
    named.get_by_label("Unit").fill("clicks a month")
    named.get_by_label("Better is").select_option("less")
    named.get_by_label("Owner").fill("head of service")
    named.get_by_label("Source").fill("mail gateway")
    named.get_by_label("Target").fill("many")
    frame.get_by_role("button", name="Add figure").press("Enter")
    frame.get_by_role("alert").wait_for()
    assert "is no number" in frame.get_by_role("alert").inner_text(), (
        "and what was typed is still there"
    )
    if frame.locator("details[open]:has(form[action$='/kpi'])").count() == 0:
        frame.get_by_text("Add a business figure").press("Enter")
    assert named.get_by_label("Name", exact=True).input_value() == label
    named.get_by_label("Target").fill("10")
    frame.get_by_role("button", name="Add figure").press("Enter")
    frame.get_by_text("The figure is added.").wait_for()

    # A table with columns of its own: mapped, with a fault, then without.
    def choose(content: bytes) -> None:
        frame.get_by_label("For which figure").select_option(label=label)
        frame.get_by_label("File", exact=True).set_input_files(
            FilePayload(name="klicks.csv", mimeType="text/csv", buffer=content)
        )
        frame.get_by_role("button", name="View columns").press("Enter")
        frame.get_by_role("heading", name="Which column is what").wait_for()

    choose(table(("Desk 1", "Desk 2")).replace(b"20,5", b"1.234", 1))
    assert frame.get_by_label("Team, site or person").input_value() == "Abteilung", "guessed"
    accessible(tab)
    frame.get_by_label("Value").select_option("Klicks")
    frame.get_by_role("button", name="Check file").press("Enter")
    frame.get_by_role("region", name="Unreadable lines, table").wait_for()
    accessible(tab)
    pictures(tab, "readings-wrong", full_page=True)
    frame.get_by_role("link", name="Costs and benefits").press("Enter")
    choose(table(("Desk 1", "Desk 2")))
    frame.get_by_label("Value").select_option("Klicks")
    frame.get_by_role("button", name="Check file").press("Enter")
    frame.get_by_text("25 new, 0 known already, 0 corrected.").wait_for()
    frame.get_by_text("900.0 lies far from the others").wait_for()
    accessible(tab)
    frame.get_by_role("button", name="Import").press("Enter")
    frame.get_by_text("The values are imported").wait_for()

    frame.get_by_text(f"{label}: not set yet").press("Enter")
    form = frame.locator("details[open]", has_text=label)
    for name, value in (("at least", "10"), ("likely", "20"), ("at most", "30")):
        form.get_by_label(name).first.fill(value)
    form.get_by_label("Currency").fill("EUR")
    form.get_by_label("Where this comes from").fill("average of ten incidents")
    form.get_by_label("Signed off by").fill("finance")
    form.get_by_role("button", name="Record value").press("Enter")
    frame.get_by_text("The value is recorded.").wait_for()

    frame.get_by_text("Add a line").press("Enter")
    costs = frame.get_by_role("region", name="What it costs")
    costs.get_by_label("Amount", exact=True).fill("1200,50")
    costs.get_by_label("Day").fill("2026-01-31")
    costs.get_by_label("Source").fill("invoice 17")
    costs.get_by_label("Signed off by").fill("finance")
    frame.get_by_role("button", name="Add line").press("Enter")
    frame.get_by_text("The costs are updated.").wait_for()
    frame.get_by_role("region", name="Costs, table").get_by_text("1200.50").first.wait_for()
    accessible(tab)
    pictures(tab, "business", full_page=True)

    weight = frame.get_by_label("weight of Adoption, percent")
    before = weight.input_value()
    weight.fill("99")
    frame.get_by_role("button", name="Save weights").press("Enter")
    frame.get_by_text("make it 1").wait_for()
    frame.get_by_label("weight of Adoption, percent").fill(before)
    frame.get_by_role("button", name="Save weights").press("Enter")
    frame.get_by_text("The weights of the summary are changed.").wait_for()


def test_what_was_put_on_record_reaches_the_reports(demo: Demo, page: Pages) -> None:
    """The job estimates within a minute; the return on investment says what it rests on."""
    tab = page(1280)
    frame = opened(demo, tab, "teacher", "Figures")
    frame.get_by_role("link", name="Return on investment").press("Enter")
    frame.get_by_role("heading", name="Was it worth it").wait_for()

    def told() -> bool:
        frame.goto(frame.url)
        return frame.get_by_text("signed off by finance").count() > 0

    wait_until(told)
    accessible(tab)
