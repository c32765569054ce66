"""The rooms of everybody beside the check, in a real browser: work, inbox, programmes, questions,
people, mail; axe on each of them.
"""

from __future__ import annotations

import re
from urllib.parse import urljoin

from tests.support import question_samples
from tests.support.browser_pages import Pages, Pictures, accessible, frame_of, opened
from tests.support.demo import Demo, wait_until


def test_a_learner_hands_in_and_a_mentor_answers_from_a_mail(
    demo: Demo, page: Pages, pictures: Pictures
) -> None:
    tab = page(360)
    frame = opened(demo, tab, "learner", "At work")
    frame.get_by_role("heading", name="Your steps").wait_for()
    for summary in frame.locator("summary").all():
        summary.click()
    accessible(tab)
    pictures(tab, "work", full_page=True)
    for room, title in (("Group", "Coaching group"), ("Today", "Your checks")):
        frame.get_by_role("navigation", name="Pages").get_by_role(
            "link", name=room, exact=True
        ).press("Enter")
        frame.get_by_role("heading", name=title).wait_for()
        accessible(tab)
    frame.get_by_role("link", name="Your data").first.press("Enter")
    frame.get_by_role("heading", name="Have it erased").wait_for()
    accessible(tab)
    pictures(tab, "me")
    frame.get_by_role("navigation", name="Pages").get_by_role(
        "link", name="At work", exact=True
    ).press("Enter")
    frame.get_by_role("heading", name="Your steps").wait_for()
    exercise = frame.get_by_role("region", name="Work sample")
    if exercise.get_by_text("submitted on").count() == 0 and exercise.locator("form").count():
        if exercise.locator("details[open]").count() == 0:
            exercise.locator("summary").click()
        exercise.get_by_label("Task").select_option(index=1)
        exercise.get_by_label("In your words").fill(
            "I looked at the domain of three mails before I opened them."
        )
        exercise.get_by_role("button", name="Hand it in").press("Enter")
        frame.get_by_text("It is handed in.").wait_for()

    mail = page(360)

    def letter() -> bool:
        mail.goto(f"http://localhost:{demo.port}/practice/mailbox")
        return (
            mail.get_by_role("heading", name="Practice learner waits for your answer").count() > 0
        )

    wait_until(letter)
    accessible(mail)
    section = (
        mail.locator("section", has_text="To Practice mentor")
        .filter(has_text="waits for your answer")
        .first
    )
    mail.goto(section.get_by_role("link").first.get_attribute("href") or "")
    mail.get_by_role("heading", name="Practice learner: ").wait_for()
    accessible(mail)
    pictures(mail, "mailed-review", full_page=True)
    if mail.get_by_label("What is good").count():
        mail.get_by_label("What is good").fill("You slowed down before you opened anything.")
        mail.get_by_label("What comes next").fill("Report one of them, too.")
        mail.get_by_role("button", name="Send the answer").press("Enter")
        mail.get_by_text("Your answer is with the learner.").wait_for()
        accessible(mail)


def test_a_training_manager_s_rooms_are_accessible_and_fit(
    demo: Demo, page: Pages, pictures: Pictures
) -> None:
    tab = page(1280, dark=True)
    frame = opened(demo, tab, "teacher", "Programmes")
    frame.get_by_role("heading", name="Programmes").wait_for()
    accessible(tab)
    frame.get_by_role("link", name="Phishing response").press("Enter")
    frame.get_by_role("heading", name="Who receives what, when").wait_for()
    accessible(tab)
    pictures(tab, "programme")
    frame.get_by_role("link", name="Questions (43)").press("Enter")
    frame.get_by_role("heading", name="Questions").wait_for()
    frame.locator("summary").first.click()
    accessible(tab)
    pictures(tab, "questions")
    place = frame.url
    for kind in (
        "one answer",
        "several answers",
        "true or false",
        "a number",
        "a short answer",
        "matching",
        "ordering",
    ):
        # By its address: a key pressed in a frame of another site that was just loaded hung the
        # browser's driver at times.
        link = frame.get_by_role("link", name=kind, exact=True).get_attribute("href")
        assert link
        frame.goto(urljoin(place, link))
        frame.get_by_role("heading", name="A new question").wait_for()
        accessible(tab)
        frame.goto(place)
    link = frame.locator("tbody a").first.get_attribute("href")
    assert link
    frame.goto(urljoin(place, link))
    frame.get_by_role("heading", name="As learners see it").wait_for()
    accessible(tab)
    pictures(tab, "question-form")
    frame.goto(place)
    frame.locator("summary").first.click()
    frame.locator("#file").set_input_files(
        {"name": "bank.txt", "mimeType": "text/plain", "buffer": question_samples.GIFT}
    )
    frame.get_by_role("button", name="Check file").click()
    frame.get_by_role("heading", name="What the file would add").wait_for()
    for summary in frame.locator("summary").all():
        summary.click()
    accessible(tab)
    pictures(tab, "intake")
    frame.goto(urljoin(place, "../people"))
    frame.get_by_role("heading", name="Participants").wait_for()
    accessible(tab)
    pictures(tab, "participants")
    for room, title in (
        ("groups", "Coaching groups"),
        ("left-open", "Gaps in the training"),
    ):
        frame.goto(urljoin(place, f"../{room}"))
        frame.get_by_role("heading", name=title).wait_for()
        accessible(tab)
    for room, title in (("Your team", "Your team"), ("Teams", "Teams")):
        frame.get_by_role("navigation", name="Pages").get_by_role(
            "link", name=room, exact=True
        ).press("Enter")
        frame.get_by_role("heading", name=title).first.wait_for()
        accessible(tab)
        pictures(tab, f"{room.lower().replace(' ', '-')}")
    frame.get_by_role("navigation", name="Pages").get_by_role(
        "link", name="People", exact=True
    ).press("Enter")
    frame.get_by_role("heading", name="Import list").wait_for()
    for summary in frame.locator("summary").all():
        summary.click()
    accessible(tab)
    pictures(tab, "people")
    content = b"id,name,email,manager\nX1,Somebody new,new@example.org,SIS-3\nX2,,wrong,\n"
    frame.get_by_label("File").set_input_files(
        {"name": "people.csv", "mimeType": "text/csv", "buffer": content}
    )
    frame.get_by_role("button", name="Check file").click()
    frame.get_by_role("heading", name="What the file would change").wait_for()
    frame.get_by_text("1 with errors").wait_for()
    accessible(tab)
    pictures(tab, "import")


def test_what_counts_from_other_systems_is_said_and_taken_back_by_keyboard(
    demo: Demo, page: Pages, pictures: Pictures
) -> None:
    tab = page(1280, dark=True)
    frame = opened(demo, tab, "teacher", "Programmes")
    frame.get_by_role("link", name="Phishing response").first.press("Enter")
    frame.get_by_role("link", name="What counts from other systems").press("Enter")
    frame.get_by_text("only what happens in Carryover counts").wait_for()
    frame.get_by_label("Address of the activity").fill("no address")
    frame.get_by_role("button", name="Let it count").press("Enter")
    frame.get_by_role("alert").wait_for()
    accessible(tab)
    frame.get_by_label("Address of the activity").fill("https://work.example/queue/4")
    frame.get_by_label("Counts as", exact=True).select_option("task")
    frame.get_by_label("Confirmed by").select_option("4")
    frame.get_by_role("button", name="Let it count").press("Enter")
    frame.get_by_role("cell", name="confirmed by: the work system").wait_for()
    accessible(tab)
    pictures(tab, "elsewhere", full_page=True)
    frame.get_by_role("button", name="Undo: https://work.example/queue/4").press("Enter")
    frame.get_by_text("It counts no longer").wait_for()


def test_every_kind_of_question_is_answered_by_keyboard(
    demo: Demo, page: Pages, pictures: Pictures
) -> None:
    """As its author sees it in the preview: each kind with its fields, without scripts."""
    tab = page(360)
    frame = opened(demo, tab, "learner", "Today")
    frame.get_by_role("button", name="Practise").press("Enter")
    frame.get_by_text("Question 1 of 3").wait_for()
    for position in range(1, 4):
        frame.get_by_role("radio").first.press("Space")
        frame.get_by_role("button", name="Answer").press("Enter")
        frame.wait_for_url(f"**/answers/{position}")
        frame.get_by_role("status").wait_for()
        accessible(tab)
        if position == 1:
            pictures(tab, "two-taps", full_page=True)
        if position < 3:
            frame.get_by_role("link", name="Continue").press("Enter")
            frame.get_by_text(f"Question {position + 1} of 3").wait_for()
    frame.get_by_role("link", name="See your result").press("Enter")
    frame.get_by_text("counts for nothing").wait_for()


def test_signing_in_without_an_lms(demo: Demo, page: Pages, pictures: Pictures) -> None:
    tab = page(360)
    tab.goto(f"{demo.base}/sign-in")
    accessible(tab)
    tab.get_by_label("E-mail address").fill("teacher@example.org")
    tab.get_by_role("button", name="Send me a link").press("Enter")
    tab.get_by_role("heading", name="Look into your mail").wait_for()
    accessible(tab)

    def arrived() -> bool:
        tab.goto(f"http://localhost:{demo.port}/practice/mailbox")
        return tab.get_by_role("heading", name="Your link to Carryover").count() > 0

    wait_until(arrived)
    address = (
        tab.locator("section", has_text="Your link to Carryover")
        .get_by_role("link")
        .first.get_attribute("href")
        or ""
    )
    tab.goto(address)
    tab.get_by_role("button", name="Open my page").press("Enter")
    tab.get_by_role("navigation", name="Pages").get_by_role("link", name="Programmes").press(
        "Enter"
    )
    tab.get_by_role("heading", name="Programmes").wait_for()
    accessible(tab)


def test_work_is_assessed_on_a_phone_without_a_connection(
    demo: Demo, page: Pages, pictures: Pictures
) -> None:
    """The learner asks the mentor to look; the mentor watches where there is no network; both see
    the levels side by side.
    """
    tab = page(360)
    frame = opened(demo, tab, "learner", "At work")
    frame.get_by_role("link", name="Observation of your work").press("Enter")
    frame.get_by_role("heading", name="Side by side").wait_for()
    accessible(tab)
    frame.get_by_role("link", name="Say how you see it yourself").press("Enter")
    frame.get_by_role("group", name="Verifies by a second way").get_by_label("2 · With help").press(
        "Space"
    )
    accessible(tab)
    pictures(tab, "assess-own", full_page=True)
    frame.get_by_role("button", name="Send the assessment").press("Enter")
    frame.get_by_text("Your own view is saved.").wait_for()
    frame.get_by_label("Whom").select_option(label="Practice mentor (Mentor)")
    frame.get_by_label("When and at what, if you like").fill("On Monday, at the morning inbox.")
    frame.get_by_role("button", name="Ask").press("Enter")
    frame.get_by_text("The wish is on its way.").wait_for()
    accessible(tab)

    mail = page(360)

    def letter() -> bool:
        mail.goto(f"http://localhost:{demo.port}/practice/mailbox")
        return (
            mail.get_by_role(
                "heading", name="Practice learner asks you to look at a piece of work"
            ).count()
            > 0
        )

    wait_until(letter)
    section = mail.locator("section", has_text="asks you to look at a piece of work").first
    mail.goto(section.get_by_role("link").first.get_attribute("href") or "")
    mail.get_by_role("button", name="Open my page").press("Enter")
    mail.get_by_text("On Monday, at the morning inbox.").first.wait_for()
    mail.get_by_role("link", name="Open the form").first.press("Enter")
    watched = mail.get_by_role("group", name="Verifies by a second way").get_by_label("3 · Alone")
    watched.press("Space")
    mail.get_by_label("I watched it at work").press("Space")
    accessible(mail)
    mail.get_by_text("Draft kept at").wait_for()
    pictures(mail, "assess", full_page=True)
    mail.reload()
    assert watched.is_checked(), "what was chosen is kept"
    mail.context.set_offline(True)
    mail.get_by_role("button", name="Send the assessment").press("Enter")
    mail.get_by_role("alert").get_by_text("There is no connection.").wait_for()
    accessible(mail)
    mail.context.set_offline(False)
    mail.get_by_role("button", name="Send the assessment").press("Enter")
    mail.get_by_text("Your rating is saved.").wait_for()
    accessible(mail)
    assert (
        mail.evaluate("Object.keys(localStorage).filter(key => key.startsWith('carryover-draft'))")
        == []
    ), "nothing stays behind"
    mail.get_by_role("link", name="Practise assessing: Phishing response").press("Enter")
    mail.get_by_role("heading", name="Practise assessing").wait_for()
    accessible(mail)
    pictures(mail, "cases", full_page=True)

    frame = opened(demo, tab, "learner", "At work")
    frame.get_by_role("link", name="Observation of your work").press("Enter")
    frame.get_by_role("columnheader", name="Mentor").wait_for()
    accessible(tab)
    pictures(tab, "assessments", full_page=True)


def test_a_rubric_is_built_on_its_page(demo: Demo, page: Pages, pictures: Pictures) -> None:
    tab = page(1280, dark=True)
    frame = opened(demo, tab, "teacher", "Programmes")
    frame.get_by_role("link", name="Phishing response").press("Enter")
    frame.get_by_role("link", name="Rubric (4)").press("Enter")
    frame.get_by_role("heading", name="Criteria").wait_for()
    for summary in frame.locator("summary").all():
        summary.click()
    accessible(tab)
    pictures(tab, "rubric", full_page=True)


def test_somebody_says_who_they_are_by_a_code_and_an_administrator_sees_who_is_who(
    demo: Demo, page: Pages, pictures: Pictures
) -> None:
    tab = page(360)
    tab.goto(demo.told["launch"]["newcomer"])
    frame = frame_of(tab)
    frame.get_by_role("link", name="Are you on your organisation").press("Enter")
    frame.get_by_role("heading", name="Who you are in your organisation").wait_for()
    accessible(tab)
    pictures(tab, "confirm", full_page=True)
    mail = page(360)

    def codes() -> set[str]:
        mail.goto(f"http://localhost:{demo.port}/practice/mailbox")
        return set(re.findall(r"\b\d{8}\b", mail.locator("body").inner_text()))

    before = codes()
    frame.get_by_label("Your address at work").fill("mentor@example.org")
    frame.get_by_role("button", name="Send a code").press("Enter")
    frame.get_by_text("a code is on its way").wait_for()
    wait_until(lambda: codes() - before)
    frame.get_by_label("Eight-digit code").fill((codes() - before).pop())
    frame.get_by_role("button", name="Confirm").press("Enter")
    frame.get_by_role("alert").get_by_text(
        "Another user of this LMS is this person already"
    ).wait_for()
    accessible(tab)

    tab = page(360)
    frame = opened(demo, tab, "admin", "People")
    frame.get_by_role("link", name="Who is who: platform").press("Enter")
    frame.get_by_role("heading", name="Who is who").wait_for()
    frame.get_by_text("decided by an administrator").first.wait_for()
    accessible(tab)
    pictures(tab, "joins", full_page=True)
