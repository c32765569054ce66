"""The learner's path in a real browser: course, frame, check, plan, gradebook, figures; with axe on
every page.
"""

from __future__ import annotations

from tests.support.browser_pages import Pages, Pictures, accessible, frame_of, wait_for_frame
from tests.support.demo import Demo, wait_until


def test_the_pages_of_each_person_are_accessible_and_fit(
    demo: Demo, page: Pages, pictures: Pictures
) -> None:
    for who in ("learner", "teacher", "mentor"):
        tab = page(360)
        tab.goto(demo.told["launch"][who])
        frame = frame_of(tab)
        pictures(tab, who)
        accessible(tab)
        if who == "learner":
            # The page before has a heading that tells of the plan, too.
            with frame.expect_navigation():
                frame.get_by_role("link", name="plan", exact=False).or_(
                    frame.get_by_role("link", name="Report")
                ).first.press("Enter")
            frame.get_by_role("heading", name="Transfer plan").wait_for()
            pictures(tab, "plan")
            accessible(tab)
        else:
            for summary in frame.locator("summary").all():
                summary.click()
            accessible(tab)


def test_a_learner_by_keyboard_on_a_phone_from_the_course_to_the_grade_and_the_teachers_figure(
    demo: Demo, page: Pages, pictures: Pictures
) -> None:
    phone, desk = page(360), page(1280)
    before = demo.figure("retention_observed", "1w")
    phone.goto(demo.told["launch"]["learner"])
    frame = frame_of(phone)
    frame.get_by_role("button", name="Start the check").press("Enter")
    for position in range(1, 6):
        frame.get_by_text(f"Question {position} of 5").wait_for()
        if position == 2:
            # Left in the middle and opened again: it goes on where it was left.
            phone.goto(demo.told["launch"]["learner"])
            frame = frame_of(phone)
            frame.get_by_role("button", name="Go on with the check").press("Enter")
            frame.get_by_text("Question 2 of 5").wait_for()
        frame.get_by_role("radio").nth(position % 3).press("Space")
        pictures(phone, "question")
        accessible(phone)
        frame.get_by_role("button", name="Answer").press("Enter")
        # The page that asks may tell of the question before: the address says whose answer it is.
        frame.wait_for_url(f"**/answers/{position}")
        frame.get_by_role("status").wait_for()
        pictures(phone, "feedback")
        accessible(phone)
        if position < 5:
            frame.get_by_role("link", name="Continue").press("Enter")
    frame.get_by_role("link", name="See your result").press("Enter")
    frame.get_by_role("heading", name="of 5 right").wait_for()
    pictures(phone, "result")
    accessible(phone)

    wait_until(lambda: demo.figure("retention_observed", "1w")[1] == before[1] + 5)
    desk.goto(demo.told["launch"]["teacher"])
    teacher = frame_of(desk)
    numerator, denominator = demo.figure("retention_observed", "1w")
    teacher.locator("summary", has_text="As a table").first.click()
    row = teacher.get_by_role("row", name="1 week")
    assert f"{numerator} / {denominator}" in row.inner_text()
    assert "–" in row.inner_text(), "with its interval"
    assert teacher.locator("ul.dots").count() == 3
    assert "Nothing to count yet." in teacher.locator("main").inner_text(), "no chart of nothing"

    def graded() -> bool:
        desk.goto(demo.told["launch"]["learner"].partition("/practice")[0] + "/practice/gradebook")
        return "/ 5" in desk.locator("[data-person=learner]").inner_text()

    wait_until(graded)
    pictures(desk, "gradebook")
    accessible(desk)


def test_the_launch_works_without_scripts(demo: Demo, page: Pages) -> None:
    """The tool runs none; the practice LMS offers buttons where a script would send its forms."""
    tab = page(360, scripts=False)
    tab.goto(demo.told["launch"]["teacher"])
    for step in ("/practice/start", "/practice/auth"):
        wait_for_frame(tab, step).get_by_role("button", name="Go on").click()
    frame_of(tab).get_by_role("heading", name="does the effect last?").wait_for()


def test_the_frame_is_another_site_so_an_unpartitioned_cookie_does_not_arrive(
    demo: Demo, page: Pages
) -> None:
    """The control: what is not Partitioned is lost in the frame; what is arrives. Else cookie
    faults could hide.
    """
    tab = page(1280)
    tab.goto(demo.told["launch"]["learner"])
    frame = frame_of(tab)
    tab.context.add_cookies(
        [
            {
                "name": "control",
                "value": "1",
                "domain": "127.0.0.1",
                "path": "/",
                "secure": True,
                "httpOnly": True,
                "sameSite": "None",
            }
        ]
    )
    with tab.expect_request(lambda request: "/plan" in request.url) as caught:
        frame.get_by_role("link", name="plan", exact=False).or_(
            frame.get_by_role("link", name="Report")
        ).first.press("Enter")
    cookies = caught.value.all_headers().get("cookie", "")
    assert "__Host-carryover-launch-" in cookies
    assert "control=1" not in cookies
