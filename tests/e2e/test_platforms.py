"""Tool and LMS on two sites, third-party cookies blocked: registration, chosen content, launches,
quiz, grade; and every new page with axe.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Frame, Page, expect
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from tests.support.browser_pages import Pictures, accessible, frame_of, wait_for_frame
from tests.support.demo import Demo, wait_until

Pages = Callable[..., Page]


def lms(demo: Demo) -> str:
    return str(demo.told["launch"]["learner"]).partition("/practice")[0] + "/practice"


def registered(demo: Demo, tab: Page, pictures: Pictures | None = None) -> str:
    """Register the tool in the LMS by the address of demo.json, as an administrator does; gives the
    client id that the LMS gave.
    """
    before = demo.told["registration_url"]
    tab.goto(f"{lms(demo)}/admin/tools")
    known = {one.get_attribute("data-tool") for one in tab.locator("[data-tool]").all()}
    tab.locator("#url").fill(before)
    tab.locator("form:has(#url) button").click()
    frame = wait_for_frame(tab, "/lti/register/")
    frame.get_by_role("heading", name="Register Carryover").wait_for()
    if pictures:
        pictures(tab, "register")
        accessible(tab)
    frame.get_by_role("button", name="Register").press("Enter")
    frame.get_by_role("heading", name="Registered").wait_for()
    if pictures:
        pictures(tab, "registered")
        accessible(tab)
    frame.get_by_role("button", name="Close").press("Enter")
    tab.wait_for_url("**/admin/tools")
    tab.locator("[data-tool]").nth(len(known)).wait_for()
    (client,) = {one.get_attribute("data-tool") for one in tab.locator("[data-tool]").all()} - known
    tab.locator(f'[data-tool="{client}"]').get_by_role("button", name="Activate").click()
    expect(tab.locator(f'[data-tool="{client}"]')).to_have_attribute("data-state", "active")
    wait_until(lambda: demo.told["registration_url"] != before)  # demo.json names a fresh one
    return str(client)


def open_as(demo: Demo, tab: Page, who: str, **query: Any) -> Frame:
    """Open the activity as somebody; the tool's frame once it shows a page after the launch."""
    failed: list[str] = []
    tab.on("requestfailed", lambda request: failed.append(f"{request.url}: {request.failure}"))
    tab.goto(
        f"{lms(demo)}/launch/{who}?" + "&".join(f"{name}={value}" for name, value in query.items())
    )
    frame = wait_for_frame(tab, "127.0.0.1")
    try:
        frame.locator("h1:not(:has-text('One moment')), [role=alert]").first.wait_for()
    except PlaywrightTimeout as error:
        raise AssertionError(
            f"requests that failed: {failed}; frames: "
            f"{[(each.url, each.content()[:3_000]) for each in tab.frames]}"
        ) from error
    assert not frame.locator("[role=alert]").count(), (
        f"{frame.locator('[role=alert]').first.inner_text()} (requests that failed: {failed})"
    )
    return frame


def answer_all(frame: Frame) -> None:
    frame.get_by_role("button", name="Start the check").click()
    for position in range(1, 6):
        frame.get_by_text(f"Question {position} of 5").wait_for()
        frame.get_by_role("radio").first.check()
        frame.get_by_role("button", name="Answer").click()
        frame.wait_for_url(f"**/answers/{position}")
        frame.get_by_role("status").wait_for()
        if position < 5:
            frame.get_by_role("link", name="Continue").click()
    frame.get_by_role("link", name="See your result").click()
    frame.get_by_role("heading", name="of 5 right").wait_for()


@pytest.mark.parametrize("mode", ["cookie=lax", "cookie=none", "storage=1"])
def test_from_registration_to_grade(
    demo: Demo, page: Pages, without_cookies: Callable[[int], Page], pictures: Pictures, mode: str
) -> None:
    """In a frame of another site: an LMS whose own cookie is Lax, one whose cookie is None, and one
    that offers storage to a browser that keeps no cookie of the tool at all.
    """
    name, value = mode.split("=")
    tab = without_cookies(1280) if name == "storage" else page(1280)
    client = registered(demo, tab, pictures if mode == "cookie=lax" else None)
    more = {name: value, "tool": client}
    learner = open_as(demo, tab, "newcomer", **more)
    # Nobody on the organisation's list: whoever is on it is the same person in every LMS.
    assert "No certification is on record" in learner.locator("main").inner_text()
    teacher = open_as(demo, tab, "teacher", **more)
    teacher.get_by_role("heading", name="does the effect last?").wait_for()
    week_ago = (datetime.now(UTC) - timedelta(days=7)).date().isoformat()
    teacher.locator("#person").select_option(
        label=next(
            one for one in teacher.locator("#person option").all_inner_texts() if "newcomer" in one
        )
    )
    teacher.get_by_label("Certified on").fill(week_ago)
    teacher.get_by_role("button", name="Record certification").click()
    teacher.get_by_text("The certification is recorded").wait_for()
    answer_all(open_as(demo, tab, "newcomer", **more))
    assert "token" not in "".join(frame.url for frame in tab.frames)

    def graded() -> bool:
        tab.goto(f"{lms(demo)}/gradebook")
        return "check after 1 week" in tab.locator("main").inner_text()

    wait_until(graded)
    # Chosen content: a check with a column of its own, opened by the learner afterwards.
    tab.goto(f"{lms(demo)}/launch/teacher/deep-link?{name}={value}&tool={client}")
    frame = wait_for_frame(tab, "127.0.0.1")
    frame.get_by_role("heading", name="What shall this course hold?").wait_for()
    frame.get_by_label("Phishing response: today").uncheck()
    frame.get_by_label("Phishing response: check after 1 month").check()
    if mode == "cookie=lax":
        pictures(tab, "pick", full_page=True)
        accessible(tab)
    frame.get_by_role("button", name="Add to course").click()
    tab.wait_for_url("**/practice/")
    link = tab.get_by_role("link", name="as Practice newcomer").last
    tab.goto(f"{lms(demo).removesuffix('/practice')}{link.get_attribute('href')}&{name}={value}")
    frame = wait_for_frame(tab, "127.0.0.1")
    frame.get_by_role("heading", name="check after 1 month").wait_for()
    assert "It opens later" in frame.locator("main").inner_text()
    if mode == "cookie=lax":
        accessible(tab)


def test_a_browser_without_cookies_and_an_lms_without_storage_open_a_window(
    demo: Demo, without_cookies: Callable[[int], Page], pictures: Pictures
) -> None:
    tab = without_cookies(360)
    tab.goto(f"{demo.told['launch']['learner']}")
    frame = wait_for_frame(tab, "/lti/launch")
    frame.get_by_role("heading", name="in a window of its own").wait_for()
    pictures(tab, "relaunch")
    accessible(tab)
    with tab.context.expect_page() as opened:
        frame.get_by_role("button", name="Open in a new window").press("Enter")
    window = opened.value
    window.get_by_role("heading", name="Is this you?").wait_for()
    assert "Practice learner" in window.locator("main").inner_text()
    pictures(window, "window")
    accessible(window)
    window.get_by_role("button", name="Yes, open it").press("Enter")
    window.get_by_role("heading", name="is open").wait_for()
    assert window.get_by_role("link", name="Back to the course").count() == 1
    accessible(window)


def test_without_cookies_pages_keep_their_place_in_history_and_for_screen_readers(
    demo: Demo, without_cookies: Callable[[int], Page]
) -> None:
    tab = without_cookies(360)
    frame = open_as(demo, tab, "learner", storage=1)
    frame.get_by_role("link", name="plan", exact=False).or_(
        frame.get_by_role("link", name="Report")
    ).first.press("Enter")
    frame.locator("h1:has-text('Transfer plan')").wait_for()
    assert frame.evaluate("document.activeElement.tagName") == "H1", (
        "a screen reader begins at the new page's heading"
    )
    assert "/plan" in frame.evaluate("location.pathname")
    frame.evaluate("history.back()")
    frame.locator("h1:has-text('is open')").wait_for()
    assert frame.title().startswith("Today")
    assert frame.evaluate("document.cookie") == ""


def test_the_administration_by_keyboard_and_its_pages(
    demo: Demo, page: Pages, pictures: Pictures
) -> None:
    tab = page(1280, dark=True)
    frame = open_as(demo, tab, "admin")
    frame.get_by_role("link", name="Administration").press("Enter")
    frame.get_by_role("heading", name="Health", exact=True).wait_for()

    def looked_at(name: str) -> None:
        pictures(tab, f"admin-{name}", full_page=True)
        accessible(tab)

    looked_at("health")
    assert "Look at this" in frame.locator("main").inner_text() or (
        "Everything works." in frame.locator("main").inner_text()
    )
    frame.get_by_role("link", name="Platforms").press("Enter")
    frame.get_by_role("heading", name="Platforms", exact=True).wait_for()
    looked_at("platforms")
    frame.get_by_label("For whom").fill("A school")
    frame.get_by_role("button", name="Create registration address").press("Enter")
    frame.get_by_role("heading", name="Registration address").wait_for()
    assert "/lti/register/" in frame.locator("#address").inner_text()
    looked_at("invite")
    frame.get_by_role("link", name="Platforms").press("Enter")
    frame.get_by_role("link", name="Register an LMS by hand").press("Enter")
    frame.get_by_role("heading", name="Register an LMS by hand").wait_for()
    frame.get_by_role("button", name="Register", exact=True).press("Enter")
    frame.get_by_role("alert").wait_for()
    looked_at("form")
    frame.get_by_role("link", name="Platforms").press("Enter")
    frame.locator("main li a").first.press("Enter")
    frame.get_by_role("heading", name="Last launches").wait_for()
    for summary in frame.locator("summary").all():
        summary.click()
    looked_at("platform")
    frame.get_by_role("button", name="Try the connection").press("Enter")
    tried = frame.get_by_role("status")
    tried.wait_for()
    assert "The LMS answered with 1 key." in tried.inner_text()
    assert "does not work" not in tried.inner_text(), tried.inner_text()
    looked_at("platform-tried")
    frame.get_by_role("link", name="Record store").press("Enter")
    frame.get_by_role("heading", name="Keys").wait_for()
    frame.get_by_label("Note").fill("Power BI")
    frame.get_by_role("button", name="Create key").press("Enter")
    frame.get_by_role("heading", name="The new key").wait_for()
    looked_at("store")
    frame.get_by_role("link", name="Sign-in", exact=True).press("Enter")
    frame.get_by_role("heading", name="Sign-in without an LMS").wait_for()
    looked_at("sign-in")
    frame.get_by_role("link", name="Activity log").press("Enter")
    frame.get_by_role("heading", name="Activity log").wait_for()
    assert "made a key of the record store" in frame.locator("main").inner_text()
    looked_at("audit")


def test_a_one_time_link_opens_the_administration_in_a_browser(demo: Demo, page: Pages) -> None:
    environ = {
        name: value for name, value in os.environ.items() if not name.startswith("CARRYOVER_")
    }
    command = [sys.executable, "-m", "carryover", "admin", "link"]
    link = subprocess.run(
        command,
        env={**environ, "CARRYOVER_HOME": str(demo.home)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    tab = page(360)
    tab.goto(link)
    accessible(tab)
    tab.get_by_role("button", name="Open the administration").press("Enter")
    tab.get_by_role("heading", name="Health", exact=True).wait_for()
    assert "enter" not in tab.url
    accessible(tab)
    other = page(360)
    other.goto(link)
    assert "already been used" in other.locator("main").inner_text()


def test_the_course_page_and_a_review(demo: Demo, page: Pages, pictures: Pictures) -> None:
    tab = page(360)
    frame = open_as(demo, tab, "teacher")
    frame.get_by_role("link", name="Course: people").press("Enter")
    frame.get_by_role("heading", name="People").wait_for()
    frame.get_by_role("button", name="Read the roster now").press("Enter")
    frame.get_by_text("The roster is being read").wait_for()
    frame.get_by_role("button", name="Create columns for checks").press("Enter")
    frame.get_by_text("Every check has its column").wait_for()
    pictures(tab, "course", full_page=True)
    accessible(tab)

    def read() -> bool:
        frame.get_by_role("link", name="Overview").click()
        frame.get_by_role("link", name="Course: people").click()
        frame.get_by_role("heading", name="People").wait_for()
        return "people on 1 page" in frame.locator("main").inner_text()

    wait_until(read)
    assert "Practice mentor" in frame.locator("main").inner_text()


SHIFTS = """
new Promise(done => {
  new PerformanceObserver(list => done(list.getEntries().map(entry => [entry.value, entry.sources.map(one => [one.node && one.node.nodeName,
    JSON.stringify(one.previousRect), JSON.stringify(one.currentRect)])]))).observe({ type: "layout-shift", buffered: true });
  setTimeout(() => done([]), 500);
})
"""


def test_a_frame_is_as_tall_as_its_page_and_does_not_jump(demo: Demo, page: Pages) -> None:
    """lti.frameResize: the LMS gives the frame the height that the page tells; told once, it stays."""
    tab = page(1280)
    # The second visit is measured, its styles kept by the browser: a page whose styles arrive late
    # is another matter than a frame that jumps.
    for _ in range(2):
        tab.goto(demo.told["launch"]["teacher"])
        frame = frame_of(tab)
        frame.get_by_role("heading", name="does the effect last?").wait_for()

    def heights() -> tuple[float, float]:
        outer = tab.locator("iframe").bounding_box()
        return (outer or {})["height"], float(
            frame.evaluate("document.documentElement.scrollHeight")
        )

    wait_until(lambda: abs(heights()[0] - heights()[1]) < 20)
    shifts: list[Any] = frame.evaluate(SHIFTS)
    # Known and open: a page is at times painted for a moment before its styles are there (the body
    # leaves its margin of 8 px). That is another matter than a frame that jumps, which this test is
    # about.
    shifts = [
        one
        for one in shifts
        if not any(node == "BODY" and '"x":8,"y":8,' in before for node, before, _ in one[1])
    ]
    assert sum(value for value, _ in shifts) < 0.1, (
        f"cumulative layout shift: good is below 0.1 (web.dev); {shifts}"
    )


def test_a_launch_whose_network_fails_says_so_and_can_be_tried_again(
    demo: Demo, without_cookies: Callable[[int], Page]
) -> None:
    tab = without_cookies(360)
    tab.route("**/lti/launch/confirm", lambda route: route.abort("connectionreset"))
    tab.goto(f"{lms(demo)}/launch/learner?storage=1")
    frame = wait_for_frame(tab, "127.0.0.1")
    frame.get_by_role("alert").wait_for()
    assert "Look whether you are connected" in frame.get_by_role("alert").inner_text()
    accessible(tab)
    tab.unroute("**/lti/launch/confirm")
    frame.get_by_role("button", name="Try again").press("Enter")
    frame.locator("h1:not(:has-text('One moment'))").wait_for()
    assert not frame.get_by_role("alert").count()


def test_a_launch_whose_script_does_not_arrive_has_a_way_on(
    demo: Demo, without_cookies: Callable[[int], Page]
) -> None:
    tab = without_cookies(360)
    tab.goto(f"{lms(demo)}/")
    tab.route("**/static/frame.js", lambda route: route.abort("connectionreset"))
    tab.goto(f"{lms(demo)}/launch/learner?storage=1")
    frame = wait_for_frame(tab, "/lti/login")
    end_waiting(frame)
    frame.get_by_role("link", name="Go on").press("Enter")
    frame.wait_for_url("**/lti/launch")
    end_waiting(frame)
    frame.get_by_text("Go back to the course and open the activity again.").wait_for()
    accessible(tab)


def end_waiting(frame: Frame) -> None:
    """As if the seconds had gone by after which the page offers a way on."""
    frame.evaluate("document.getAnimations().forEach((each) => each.finish())")
