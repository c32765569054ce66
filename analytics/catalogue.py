"""The catalogue of metrics: what each is, means and does not mean. The documentation and the
API's catalogue are generated from it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from analytics.definitions import CountQuery, means, shares, times
from analytics.statistics import estimates
from analytics.statistics.estimates import Estimate
from lrs.vocabulary import INTERVALS, MIN_GROUP_SIZE, ActivityKind, VerbName

SHARE, DAYS, TASKS, LEVEL, RATIO = "share", "days", "tasks", "level from 0 to 1", "ratio"
UNSPLIT = (("", "All"),)
_INTERVAL_PARTS = tuple((interval.key, interval.label) for interval in INTERVALS)
_INTERVAL_DAYS = {interval.key: math.ceil(interval.closes_days) for interval in INTERVALS}
# After a whole plan period, and at its third, two thirds and double.
_BY_DAY = (30, 60, 90, 180)
DUE_CHECKS = "due checks"  # published of more people than the answers to them
_MANY_PEOPLE = 20  # medians and questions are published of unions of so many
_KIND_PARTS: tuple[tuple[str, str], ...] = (
    ("", "Everything due so far"),
    (ActivityKind.CHECK, "Checks"),
    (ActivityKind.PLAN, "Transfer plans"),
    (ActivityKind.EXERCISE, "Exercises"),
    (ActivityKind.EXERCISE_REVIEW, "Reviews of exercises"),
    (ActivityKind.CASE_STUDY, "Case studies"),
    (ActivityKind.FEEDBACK, "Feedback on case studies"),
    (ActivityKind.BEHAVIOUR_ASSESSMENT, "Looks at the work"),
    (ActivityKind.MEETING, "Coaching meetings"),
    (ActivityKind.FOLLOW_UP, "Follow-ups"),
)
_UPDATED_ON_STATEMENT, _UPDATED_ON_DATE = (
    "within seconds of a statement",
    "within seconds of a statement, and when a date passes",
)
_DEFAULT_OWNER = "training manager"


@dataclass(frozen=True)
class Published:
    """How a metric is published (docs/privacy.md).

    ``days``: after so many days people are looked at, each for themselves; none where each part is
    an interval, which has its own end. ``quantities``: what its rows sum up of the people who
    contribute to them; two rows of one quantity must not differ by a few of these. ``slot``: of
    which of somebody's contributions, where parts have different ones ("part": those of the part).
    ``whole``: the metric of whose parts together the part "" consists. ``part_of``: the metric of
    whose part ``slot`` its rows sum the same things. ``once``: the quantities of which somebody has
    the same one in every part. ``renewed``: whether a later look adds what fell due since.
    ``min_people``: fewer are not shown. ``corrected``: whether late statements correct it; not
    where the facts do not say when something was seen. ``grouped``: by wave and value of the
    dimension; otherwise the packets of a programme are published together.
    """

    quantities: tuple[str, ...]
    days: tuple[int, ...] = ()
    slot: str = ""
    whole: str = ""
    part_of: str = ""
    once: tuple[str, ...] = ()
    renewed: bool = False
    min_people: int = MIN_GROUP_SIZE
    corrected: bool = True
    grouped: bool = True

    def days_of(self, part: str) -> tuple[int, ...]:
        """After how many days a part is looked at."""
        return self.days or (_INTERVAL_DAYS[part],)


@dataclass(frozen=True)
class Metric:
    """One metric. ``parts`` are (key, label) pairs in display order; a single empty key if the
    metric is not split.

    ``count`` selects rows (SQL), ``estimate`` divides them (Python). ``more_is_better``:
    whether higher values are better. ``published``: None where it is of no certification;
    then it is published by month (analytics.jobs.publishing_months).
    """

    key: str
    version: int
    label: str
    unit: str
    leading: bool
    meaning: str
    not_meaning: str
    what_to_do: str
    formula: str
    verbs: tuple[VerbName, ...]
    source: str
    count: CountQuery
    estimate: Callable[[Iterable[Any]], dict[str, Estimate]] = estimates.estimate_shares
    parts: tuple[tuple[str, str], ...] = UNSPLIT
    owner: str = _DEFAULT_OWNER
    update_frequency: str = _UPDATED_ON_STATEMENT
    more_is_better: bool = True
    published: Published | None = None


CATALOGUE = (
    Metric(
        key="retention_observed",
        version=2,
        label="Retention",
        unit=SHARE,
        leading=True,
        meaning="Of the questions people answered for the first time in a scheduled check, the "
        "share they got right, by time since certification.",
        not_meaning="Not what people who did not answer would have known: see how many answered.",
        what_to_do="Where it falls, look at the weak domains first: what many miss, the training "
        "left open.",
        formula=(
            "right first answers / first answers to check items, in the window of the interval; "
            "Wilson 95 % interval on the effective number of"
            " answers, because those of one person hang together"
        ),
        verbs=(VerbName.ANSWERED, VerbName.CERTIFIED),
        source="Wilson 1927; Brown, Cai & DasGupta 2001; Kish 1965 for the design effect",
        count=shares.select_retention,
        parts=_INTERVAL_PARTS,
        published=Published(("answers",), slot="part"),
    ),
    Metric(
        key="retention_response",
        version=2,
        label="Who answered",
        unit=SHARE,
        leading=True,
        meaning="Of the checks that came due, the share that somebody answered, by interval.",
        not_meaning="Not how well they did. Where few answer, retention speaks for few.",
        what_to_do="Below a half, ask why before reading the retention: time, reminders, or trust.",
        formula="scheduled checks with an answer / scheduled checks due by now",
        verbs=(VerbName.SCHEDULED, VerbName.ANSWERED),
        source="response rate RR1 of the AAPOR, for a schedule",
        count=shares.select_response_rate,
        parts=_INTERVAL_PARTS,
        update_frequency=_UPDATED_ON_DATE,
        published=Published((DUE_CHECKS,), slot="part"),
    ),
    Metric(
        key="retention_worst",
        version=2,
        label="Known, if nobody else knows it",
        unit=SHARE,
        leading=False,
        meaning="Of all checks that came due, the share right if whoever did not answer knew "
        "nothing: it cannot be worse.",
        not_meaning="Not what is likely. With the other bound it says how far the figure depends "
        "on who answers.",
        what_to_do="Where it lies far below what was observed, raise the share of people who "
        "answer before you rely on the figure.",
        formula="mean over checks due of: right / asked where answered, 0 where not",
        verbs=(VerbName.SCHEDULED, VerbName.ANSWERED),
        source="worst-case bound of a mean with missing answers (Manski 1989)",
        count=means.recall_bound(0.0),
        estimate=estimates.estimate_means_of_shares,
        parts=_INTERVAL_PARTS,
        update_frequency=_UPDATED_ON_DATE,
        published=Published(("answers", DUE_CHECKS), slot="part"),
    ),
    Metric(
        key="retention_best",
        version=2,
        label="Known, if everybody else knows it",
        unit=SHARE,
        leading=False,
        meaning="Of all checks that came due, the share right if whoever did not answer knew all "
        "of it: it cannot be better.",
        not_meaning="Not what is likely. With the other bound it says how far the figure depends "
        "on who answers.",
        what_to_do="Where even this lies under the target, the gap is real, whoever answers.",
        formula="mean over checks due of: right / asked where answered, 1 where not",
        verbs=(VerbName.SCHEDULED, VerbName.ANSWERED),
        source="best-case bound of a mean with missing answers (Manski 1989)",
        count=means.recall_bound(1.0),
        estimate=estimates.estimate_means_of_shares,
        parts=_INTERVAL_PARTS,
        update_frequency=_UPDATED_ON_DATE,
        published=Published(("answers", DUE_CHECKS), slot="part"),
    ),
    Metric(
        key="retention_ratio",
        version=1,
        label="Kept of the day-0 form",
        unit=RATIO,
        leading=True,
        meaning="What people know at an interval, of what the same people knew on day 0: 1 is "
        "all of it.",
        not_meaning="Nothing where no day-0 form was answered: then there is no baseline.",
        what_to_do="Switch the day-0 form on in the programme if there is no baseline.",
        formula="(right / asked at the interval) / (right / asked on day 0) of the same people; "
        "sums, not the mean of persons' ratios",
        verbs=(VerbName.ANSWERED,),
        source="ratio of ratio estimators, linearised by person (Cochran 1977, chapter 6)",
        count=means.select_recall_against_form,
        estimate=estimates.estimate_ratios,
        parts=_INTERVAL_PARTS,
        published=Published(("answers", "day-0 form"), slot="part", once=("day-0 form",)),
    ),
    Metric(
        key="retention_of_exam",
        version=2,
        label="Kept of the exam",
        unit=RATIO,
        leading=True,
        meaning="What people know at an interval, beside what the certification's exam showed of "
        "the same people: 1 is as much.",
        not_meaning="The exam asked other questions, so a ratio above or below 1 may be the "
        "questions'. Nothing where no exam result came along.",
        what_to_do="Bring the exam's scores in with the certifications if there is no baseline.",
        formula="(right / asked at the interval) / mean exam score of the same people",
        verbs=(VerbName.ANSWERED, VerbName.CERTIFIED),
        source="ratio of ratio estimators, linearised by person (Cochran 1977, chapter 6)",
        count=means.select_recall_against_exam,
        estimate=estimates.estimate_ratios,
        parts=_INTERVAL_PARTS,
        published=Published(("answers", "exam"), slot="part", once=("exam",)),
    ),
    Metric(
        key="transfer_rate",
        version=2,
        label="Transfer",
        unit=SHARE,
        leading=False,
        meaning="Of all people certified, the share whose use of the skill at work somebody else "
        "confirmed within 90 days.",
        not_meaning="Not the share who say so themselves. Those certified lately still have "
        "time: the second line leaves them out.",
        what_to_do="Low with many reported uses: ask reviewers to confirm. Low with few: look at "
        "plans and opportunity.",
        formula="certified episodes with a use of evidence grade 2 or more within 90 days / all "
        "certified episodes",
        verbs=(VerbName.APPLIED, VerbName.CERTIFIED),
        source="Baldwin & Ford 1988; LTEM tier 7 (Thalheimer 2018)",
        count=shares.select_transfer,
        parts=(("", "All certified"), ("matured", "Certified 90 days ago or more")),
        update_frequency=_UPDATED_ON_DATE,
        published=Published(("uses",), days=(90,)),
    ),
    Metric(
        key="transfer_by_grade",
        version=1,
        label="Transfer by who vouches for it",
        unit=SHARE,
        leading=False,
        meaning="Of all people certified, the share with a use within 90 days, by the least "
        "evidence that is asked for.",
        not_meaning="The first line is what people say of themselves: it is no evidence of "
        "transfer, only of reporting.",
        what_to_do="A wide gap between the first and the second line means that uses wait for "
        "somebody to confirm them.",
        formula="certified episodes with a use of at least this evidence grade within 90 days / "
        "all certified episodes",
        verbs=(VerbName.APPLIED, VerbName.CERTIFIED),
        source="Baldwin & Ford 1988",
        count=shares.select_transfer_by_grade,
        parts=(
            ("1", "Said so themselves"),
            ("2", "Colleague or higher"),
            ("3", "The supervisor or more"),
            ("4", "A work record"),
        ),
        published=Published(("uses",), days=(90,)),
    ),
    Metric(
        key="transfer_where",
        version=1,
        label="Transfer of those who could",
        unit=SHARE,
        leading=False,
        meaning="Verified use within 90 days, of those who committed to a plan, and of those who "
        "did not say that they had no opportunity.",
        not_meaning="Not the headline: whoever made a plan or had an opportunity was never drawn "
        "by lot.",
        what_to_do="Much higher with a plan than over all: get more people to plan.",
        formula="verified episodes / episodes with a plan; verified episodes / episodes without "
        "an unanswered “no opportunity”",
        verbs=(VerbName.APPLIED, VerbName.COMMITTED, VerbName.HAD_NO_OPPORTUNITY),
        source="Ford, Quiñones, Sego & Sorra 1992 on opportunity to perform",
        count=shares.select_conditional_transfer,
        parts=(("planned", "Those with a plan"), ("opportunity", "Those with an opportunity")),
        published=Published(("uses",), days=(90,)),
    ),
    Metric(
        key="no_opportunity",
        version=1,
        label="No opportunity",
        unit=SHARE,
        leading=True,
        meaning="Of all people certified, the share who said that there was nothing to use it "
        "on, and used it nowhere.",
        not_meaning="Not a failing of theirs.",
        what_to_do="High: the wrong people are certified, or too early. Talk to their managers.",
        formula="episodes with “no opportunity” and without a use / all certified episodes",
        verbs=(VerbName.HAD_NO_OPPORTUNITY, VerbName.CERTIFIED),
        source="Ford, Quiñones, Sego & Sorra 1992",
        count=shares.select_no_opportunity,
        more_is_better=False,
        published=Published(("no opportunity",), days=(90,)),
    ),
    Metric(
        key="transfer_intensity",
        version=1,
        label="Breadth of use",
        unit=TASKS,
        leading=False,
        meaning="On how many different tasks somebody with a plan used it, verified, on average.",
        not_meaning="Not how often: one task done every day counts once.",
        what_to_do="Below 1 with good transfer: ask for a second task in the plan.",
        formula="distinct tasks with a verified use / episodes with a plan; normal 95 % interval",
        verbs=(VerbName.APPLIED, VerbName.COMMITTED),
        source="Baldwin & Ford 1988 (generalisation)",
        count=means.select_transfer_intensity,
        estimate=estimates.estimate_means,
        published=Published(("tasks",), days=(90,)),
    ),
    Metric(
        key="scrap_learning",
        version=1,
        label="Scrap learning",
        unit=SHARE,
        leading=False,
        meaning="Of those certified 60 days ago or more, the share who reported no use at all by "
        "day 60.",
        not_meaning="Not proof that they did not use it: only that nobody said so.",
        what_to_do="This is what was paid for in vain so far: look at opportunity, managers and "
        "plans.",
        formula="episodes without a use by day 60 / episodes certified 60 days ago or more",
        verbs=(VerbName.APPLIED, VerbName.CERTIFIED),
        source="Mattox 2010 (delivered but not applied)",
        count=shares.select_scrap_learning,
        more_is_better=False,
        update_frequency=_UPDATED_ON_DATE,
        published=Published(("uses by day 60",), days=(60,)),
    ),
    Metric(
        key="time_to_first_use",
        version=1,
        label="Days to the first use",
        unit=DAYS,
        leading=True,
        meaning="After how many days half of the people certified have used it.",
        not_meaning="Not the mean of those who did: who has not used it yet counts, too.",
        what_to_do="Long: plan a first task before the course ends.",
        formula="Kaplan and Meier's median of days from certification to first use, censored at "
        "leaving or now",
        verbs=(VerbName.APPLIED, VerbName.CERTIFIED),
        source="Kaplan & Meier 1958; Brookmeyer & Crowley 1982 for the interval",
        count=times.select_time_to_first_use,
        estimate=estimates.estimate_medians,
        parts=(("any", "Reported"), ("verified", "Verified")),
        more_is_better=False,
        update_frequency=_UPDATED_ON_DATE,
        published=Published(("time to use",), days=(180,), min_people=_MANY_PEOPLE),
    ),
    Metric(
        key="time_to_competency",
        version=1,
        label="Days to competency",
        unit=DAYS,
        leading=False,
        meaning="After how many days half of the people were seen at the rubric's bar twice in a "
        "row, by a mentor or a manager.",
        not_meaning="Not when they could do it, but when somebody had seen it: without looks at "
        "the work there is no figure.",
        what_to_do="No figure: plan more looks at the work.",
        formula="Kaplan and Meier's median of days from certification to the second of two "
        "qualified observations in a row at the bar",
        verbs=(VerbName.ASSESSED, VerbName.CERTIFIED),
        source="Kaplan & Meier 1958; time-to-proficiency practice (Rosenbaum & Williams 2004)",
        count=times.select_time_to_competency,
        estimate=estimates.estimate_medians,
        more_is_better=False,
        update_frequency=_UPDATED_ON_DATE,
        published=Published(("time to competency",), days=(180,), min_people=_MANY_PEOPLE),
    ),
    Metric(
        key="sustainability",
        version=1,
        label="Still done after 90 days",
        unit=SHARE,
        leading=False,
        meaning="Of those with a verified use before day 60, the share still seen doing it 90 "
        "days later or more.",
        not_meaning="The first line is of those whom somebody looked at; the second counts "
        "everybody nobody looked at as not doing it.",
        what_to_do="The two lines far apart: nobody is looking. Close and low: the skill fades, "
        "plan reinforcement.",
        formula="episodes seen doing it 90 days after the first verified use / those looked at; "
        "/ all of them",
        verbs=(VerbName.APPLIED, VerbName.ASSESSED, VerbName.RESPONDED),
        source="LTEM tier 7, the clause “remembered” (Thalheimer 2018)",
        count=shares.select_sustained_use,
        parts=(("seen", "Of those looked at"), ("all", "Of all, unseen as not")),
        update_frequency=_UPDATED_ON_DATE,
        published=Published(("sustained",), days=(270,), slot="part", corrected=False),
    ),
    Metric(
        key="adoption_due",
        version=3,
        label="Adoption",
        unit=SHARE,
        leading=True,
        meaning="Of everything that has come due so far, the share that was done; and of each "
        "kind of activity.",
        not_meaning="Not how well it was done. What fell due in a pause, or after somebody left, "
        "was never due, done or not; nor is an answer to what was not handed in.",
        what_to_do="The lowest line is where the programme is not lived: ask its people why.",
        formula=(
            "scheduled activities that were finished / scheduled activities due by now, without "
            "those due in a pause or after leaving and without"
            " answers to exercises and case studies that were scheduled and not handed in"
        ),
        verbs=(
            VerbName.SCHEDULED,
            VerbName.PASSED,
            VerbName.FAILED,
            VerbName.COMPLETED,
            VerbName.COMMITTED,
            VerbName.SUBMITTED,
            VerbName.REVIEWED,
            VerbName.ATTENDED,
            VerbName.ASSESSED,
            VerbName.RESPONDED,
        ),
        source="participation = answered / available",
        count=shares.select_adoption,
        parts=_KIND_PARTS,
        update_frequency=_UPDATED_ON_DATE,
        published=Published(
            ("activities",), days=_BY_DAY, slot="part", whole="adoption_due", renewed=True
        ),
    ),
    Metric(
        key="reach",
        version=1,
        label="Reach",
        unit=SHARE,
        leading=True,
        meaning="Of all people certified, the share who did anything at all afterwards: a check, "
        "a plan or a use.",
        not_meaning="Not that they went on.",
        what_to_do="Low: they do not know of it. Look at launches and mails.",
        formula="episodes with an answer in a check, a plan or a use / all certified episodes",
        verbs=(VerbName.CERTIFIED, VerbName.ANSWERED, VerbName.COMMITTED, VerbName.APPLIED),
        source="RE-AIM: reach (Glasgow, Vogt & Boles 1999)",
        count=shares.select_reach,
        published=Published(("reach",), days=(30, 90)),
    ),
    Metric(
        key="checks_started",
        version=2,
        label="Checks begun",
        unit=SHARE,
        leading=True,
        meaning="Of the checks that have come due so far, the share that was begun.",
        not_meaning="Not that they were finished: adoption says that.",
        what_to_do="Begun but not finished: the checks are too long, or interrupted.",
        formula="scheduled checks begun / scheduled checks due by now",
        verbs=(VerbName.SCHEDULED, VerbName.ATTEMPTED),
        source="engagement = started / available",
        count=shares.select_checks_started,
        update_frequency=_UPDATED_ON_DATE,
        published=Published(
            ("activities",), days=_BY_DAY, slot=ActivityKind.CHECK, part_of="adoption_due"
        ),
    ),
    Metric(
        key="rapid_guesses",
        version=1,
        label="Rapid guesses",
        unit=SHARE,
        leading=True,
        meaning="Of all answers in checks, the share that came faster than the question can be "
        "read.",
        not_meaning="Not cheating: people who have no time click through.",
        what_to_do="Above a tenth, the retention is worse than people are: shorten the checks.",
        formula="answers marked as rapid / answers in checks",
        verbs=(VerbName.ANSWERED,),
        source="Wise & Kong 2005 (response-time effort)",
        count=shares.select_rapid_guesses,
        more_is_better=False,
        published=Published(("answers",), days=(60, 270), whole="retention_observed"),
    ),
    Metric(
        key="feedback_by_day_30",
        version=2,
        label="Feedback in time",
        unit=SHARE,
        leading=True,
        meaning="Of the feedback on case studies that has come due, the share given by day 30.",
        not_meaning="Not that it was good feedback.",
        what_to_do="Low: who leads has no time for it, or does not know. Look at the inboxes.",
        formula="feedback given by its due date / feedback due by now",
        verbs=(VerbName.SCHEDULED, VerbName.REVIEWED),
        source="domain A4",
        count=shares.select_feedback_on_time,
        update_frequency=_UPDATED_ON_DATE,
        published=Published(("feedback in time",), days=(60,)),
    ),
    Metric(
        key="reviews_by_day_7",
        version=2,
        label="Exercises answered in time",
        unit=SHARE,
        leading=True,
        meaning="Of the answers to exercises that have come due, the share given by day 7.",
        not_meaning="Not that the exercise was good.",
        what_to_do="Low: name more reviewers.",
        formula="exercise reviews given by their due date / exercise reviews due by now",
        verbs=(VerbName.SCHEDULED, VerbName.REVIEWED),
        source="domain A3",
        count=shares.select_reviews_on_time,
        update_frequency=_UPDATED_ON_DATE,
        published=Published(("reviews in time",), days=(30,)),
    ),
    Metric(
        key="answered_within_a_week",
        version=1,
        label="Answered within a week of submission",
        unit=SHARE,
        leading=True,
        meaning="Of the exercises and case studies that were handed in, the share that somebody "
        "answered by the end of the seventh day after.",
        not_meaning="Not whether people handed in: what was never handed in needs no answer, and "
        "counts nowhere here.",
        what_to_do="Low: reviewers have no time for it, or do not know. Name more of them, or "
        "look at the inboxes.",
        formula="hand-ins answered within 8 × 24 hours / hand-ins of 8 × 24 hours ago or more "
        "whose answer was scheduled",
        verbs=(VerbName.SCHEDULED, VerbName.SUBMITTED, VerbName.REVIEWED),
        source="domain A3 and A4, from the hand-in on",
        count=shares.select_answered_in_a_week,
        parts=(
            ("", "Both"),
            (ActivityKind.EXERCISE, "Exercises"),
            (ActivityKind.CASE_STUDY, "Case studies"),
        ),
        update_frequency=_UPDATED_ON_DATE,
        published=Published(("replies",), days=(90,), slot="part", whole="answered_within_a_week"),
    ),
    Metric(
        key="coaching_attended",
        version=2,
        label="Coaching attended",
        unit=SHARE,
        leading=True,
        meaning="Of the places in coaching meetings that have come due, the share that somebody "
        "took.",
        not_meaning="Not what was agreed there.",
        what_to_do="Falling from meeting to meeting: the groups need a fixed hour.",
        formula="meetings attended / meetings due by now, counted by person",
        verbs=(VerbName.SCHEDULED, VerbName.ATTENDED),
        source="domain B1",
        count=shares.select_coaching_attended,
        update_frequency=_UPDATED_ON_DATE,
        published=Published(
            ("activities",), days=(90, 180), slot=ActivityKind.MEETING, part_of="adoption_due"
        ),
    ),
    Metric(
        key="behaviour",
        version=1,
        label="Behaviour at work",
        unit=LEVEL,
        leading=False,
        meaning="How work that somebody looked at stood on the rubric, from 0 (lowest level) to "
        "1 (highest), by who looked.",
        not_meaning="Levels of different raters mean the same only where their agreement says so.",
        what_to_do="Learners far above managers: talk about what good looks like; calibrate the "
        "raters.",
        formula="mean over assessments of the mean of (level − 1) / (levels − 1) over criteria; "
        "normal 95 % interval",
        verbs=(VerbName.ASSESSED,),
        source="domain D1",
        count=means.select_behaviour,
        estimate=estimates.estimate_means,
        parts=(
            ("manager", "Managers"),
            ("mentor", "Mentors"),
            ("peer", "Peers"),
            ("learner", "Learners of themselves"),
        ),
        published=Published(("ratings",), days=(180,), slot="part"),
    ),
    Metric(
        key="learning_gain",
        version=2,
        label="Learned of what there was to learn",
        unit=SHARE,
        leading=False,
        meaning="Of what people did not know before the training, the share that they knew in "
        "the exam after it.",
        not_meaning="Not what lasts: that is retention. Two tests of different difficulty shift "
        "it. Nothing where no test was taken before.",
        what_to_do="Low: the training teaches what people know already, or too fast. No figure: "
        "bring the scores of the test before in with the certifications, not "
        "afterwards.",
        formula="Σ (exam − test before) / Σ (1 − test before), of people with both; interval "
        "linearised by person; from 20 people on",
        verbs=(VerbName.CERTIFIED,),
        source="normalised gain (Hake 1998)",
        count=means.select_learning_gain,
        estimate=estimates.estimate_gains,
        published=Published(("exam", "test before"), days=(0,), once=("exam", "test before")),
    ),
    Metric(
        key="learning_efficiency",
        version=2,
        label="Learned in an hour",
        unit=SHARE,
        leading=False,
        meaning="How much of what there was to learn, people learned in one hour of training.",
        not_meaning="Not better because it is shorter: hold it beside retention. Hours are those "
        "that the certification's source says.",
        what_to_do="Falling while the gain stays: the training got longer, and nothing was "
        "learned by it.",
        formula="(Σ (exam − test before) / Σ (1 − test before)) / mean hours, of people with all "
        "three; from 20 people on",
        verbs=(VerbName.CERTIFIED,),
        source="normalised gain (Hake 1998), by learning time",
        count=means.select_learning_efficiency,
        estimate=estimates.estimate_gains,
        published=Published(("exam", "test before"), days=(0,), once=("exam", "test before")),
    ),
    Metric(
        key="nudges_opened",
        version=1,
        label="Reminders followed",
        unit=SHARE,
        leading=True,
        meaning="Of the mails that remind or ask, the share whose link somebody followed.",
        not_meaning="Not the share that was read: looks at a mail are not counted.",
        what_to_do="Low: fewer mails, at better hours.",
        formula="mails whose link was followed / mails handed to the mail server",
        verbs=(VerbName.RECEIVED, VerbName.OPENED),
        source="clicks, not pixels: mail programs fetch pictures by themselves",
        count=shares.select_reminders_opened,
    ),
)

METRICS_BY_KEY = {metric.key: metric for metric in CATALOGUE}

# Published beside the metrics, for the reports on competencies and questions: their parts are those
# that occur.
DETAIL_DAY = 60  # the checks of the first month: what the training left open
DETAILS = (
    Metric(
        key="competency_right",
        version=1,
        label="Right by competency",
        unit=SHARE,
        leading=True,
        meaning="Of the questions of a competency that people answered for the first time in the "
        "checks up to a month, the share they got right.",
        not_meaning="Not what people can do at work: the ratings say that.",
        what_to_do="Look at the lowest first: what many miss, the training left open.",
        formula="right first answers / first answers to check items of the competency",
        verbs=(VerbName.ANSWERED, VerbName.CERTIFIED),
        source="Wilson 1927; Kish 1965 for the design effect",
        count=shares.select_answers_by_competency,
        parts=(),
        published=Published(("answers by competency",), days=(DETAIL_DAY,), slot="part"),
    ),
    Metric(
        key="question_right",
        version=1,
        label="Right by question",
        unit=SHARE,
        leading=True,
        meaning="Of the people who answered a question for the first time in the checks up to a "
        "month, the share who got it right.",
        not_meaning="Not whether the question is good: a hard one may be.",
        what_to_do="Look at those that nearly nobody or nearly everybody gets right.",
        formula="right first answers / first answers to the question in checks",
        verbs=(VerbName.ANSWERED, VerbName.CERTIFIED),
        source="classical test theory: difficulty",
        count=shares.select_answers_by_question,
        parts=(),
        published=Published(
            ("answers by question",),
            days=(DETAIL_DAY,),
            slot="part",
            grouped=False,
            min_people=_MANY_PEOPLE,
        ),
    ),
)
PUBLISHED_METRICS = {
    metric.key: metric for metric in (*CATALOGUE, *DETAILS) if metric.published is not None
}
