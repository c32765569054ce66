"""Authorization: the roles, and the sets of them that pages are for. Who may call a route stands
on its decorator (``lti_tool.base.routes``).

A launch determines only the role in a course; the organisation's people list determines
managers and mentors; all other roles are granted by an administrator. A person may hold several
roles at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from adapters.lms import Role as CourseRole
from core.errors import Forbidden

LEARNER, MENTOR, MANAGER, TEACHER = "learner", "mentor", "manager", "teacher"
TRAINING_MANAGER, EXECUTIVE, DATA_PROTECTION, ADMIN = (
    "training manager",
    "executive",
    "data protection officer",
    "admin",
)

# Role → description shown to the administrator who grants it.
ROLE_DESCRIPTIONS: Mapping[str, str] = {
    LEARNER: "Takes part: checks, plan, uses on the job. Everybody is one.",
    MENTOR: "Accompanies people: the list of people names them so.",
    MANAGER: "Leads people: the list of people names them so.",
    TEACHER: "Teaches a course of the LMS: figures, certifications, gradebook.",
    TRAINING_MANAGER: "Sets up programmes and questions, takes over lists, sees everybody.",
    EXECUTIVE: "Sees figures of groups, never of a person.",
    DATA_PROTECTION: "Sees what is stored of a person, and erases it.",
    ADMIN: "Runs this tool for the organisation: platforms, people, roles.",
}
# Roles that an administrator grants; the others follow from courses and from the people list.
GRANTABLE_ROLES = (TRAINING_MANAGER, EXECUTIVE, DATA_PROTECTION, ADMIN)

# LMS roles that count as teaching a course. All other LMS roles are ignored here.
_TEACHING_COURSE_ROLES = frozenset((CourseRole.TEACHER, CourseRole.ADMIN))

ALL_ROLES = frozenset(ROLE_DESCRIPTIONS)
TEACHING_ROLES = frozenset((TEACHER, ADMIN, TRAINING_MANAGER))
LEADING_ROLES = frozenset((MENTOR, MANAGER))
STAFF_ROLES = frozenset((TRAINING_MANAGER, ADMIN))
# Roles that see figures of fewer than five people across the whole programme. For others the
# record store suppresses them; teachers see only people of their own courses.
INDIVIDUAL_ACCESS_ROLES = STAFF_ROLES
FIGURE_ROLES = TEACHING_ROLES | {MENTOR, EXECUTIVE}
TEAM_FIGURE_ROLES = frozenset((EXECUTIVE, TRAINING_MANAGER, ADMIN))
ERASURE_ROLES = frozenset((DATA_PROTECTION, ADMIN))
ADMINS = frozenset((ADMIN,))
# TRANSITION: removed by the leader once every view declares its roles.
# Endpoint → roles that may call it in a session after a launch, an e-mailed link or a sign-in.
# Each action itself checks ownership of the record.
ROUTE_ROLES: Mapping[str, frozenset[str]] = {
    "home.show_home": ALL_ROLES,
    "home.show_today": ALL_ROLES,
    "home.show_figures": FIGURE_ROLES,
    "home.record_certification": TEACHING_ROLES,
    "reports.show_report": FIGURE_ROLES,
    "reports.download_table": FIGURE_ROLES,
    "reports.show_evidence": STAFF_ROLES,
    "quizzes.begin_check": ALL_ROLES,
    "quizzes.begin_quiz": ALL_ROLES,
    "quizzes.show_attempt": ALL_ROLES,
    "quizzes.submit_answer": ALL_ROLES,
    "quizzes.show_feedback": ALL_ROLES,
    "quizzes.submit_remark": ALL_ROLES,
    "badges.redeem_badge": ALL_ROLES,
    "quizzes.show_picture": ALL_ROLES,
    "plan.show_plan": ALL_ROLES,
    "plan.save_plan": ALL_ROLES,
    "plan.report_use": ALL_ROLES,
    "transfer.show_work": ALL_ROLES,
    "transfer.add_task": ALL_ROLES,
    "transfer.remove_task": ALL_ROLES,
    "transfer.submit_work": ALL_ROLES,
    "transfer.report_no_opportunity": ALL_ROLES,
    "transfer.submit_follow_up": ALL_ROLES,
    "transfer.download_document": ALL_ROLES,
    # Peers answer what they were asked: each action checks again that the request was addressed
    # to them.
    "inbox.show_inbox": ALL_ROLES,
    "inbox.submit_review": ALL_ROLES,
    "inbox.confirm_use": ALL_ROLES,
    "inbox.answer_as_supervisor": LEADING_ROLES,
    "inbox.add_learner_task": LEADING_ROLES,
    "assessments.show_own_assessments": ALL_ROLES,
    "assessments.request_assessment": ALL_ROLES,
    "assessments.show_own_form": ALL_ROLES,
    "assessments.submit_own_form": ALL_ROLES,
    "assessments.show_learner_form": ALL_ROLES,
    "assessments.submit_learner_form": ALL_ROLES,
    "assessments.show_cases": ALL_ROLES,
    "assessments.rate_case": ALL_ROLES,
    "assessments.show_learner_assessments": LEADING_ROLES,
    "teams.show_own_team": LEADING_ROLES,
    "teams.show_all_teams": TEAM_FIGURE_ROLES,
    "coaching.show_group": ALL_ROLES,
    "coaching.record_meeting": ALL_ROLES,
    "coaching.add_agreed_action": ALL_ROLES,
    "coaching.close_agreed_action": ALL_ROLES,
    "me.show_personal_data": ALL_ROLES,
    "me.download_personal_data": ALL_ROLES,
    "me.request_erasure": ALL_ROLES,
    "joining.show_confirmation": ALL_ROLES,
    "joining.submit_confirmation": ALL_ROLES,
    "me.show_erasure_requests": ERASURE_ROLES,
    "picker.show_picker": TEACHING_ROLES,
    "picker.submit_picks": TEACHING_ROLES,
    "course.show_course": TEACHING_ROLES,
    "course.request_roster_sync": TEACHING_ROLES,
    "course.resend_course_grade": TEACHING_ROLES,
    "course.create_columns": TEACHING_ROLES,
    "course.rename_grade_column": TEACHING_ROLES,
    "course.remove_grade_column": TEACHING_ROLES,
    "course.set_certifying_column": TEACHING_ROLES,
    "programmes.list_programmes": STAFF_ROLES,
    "programmes.create_programme": STAFF_ROLES,
    "programmes.import_programme": STAFF_ROLES,
    "programmes.show_programme": STAFF_ROLES,
    "programmes.export_programme": STAFF_ROLES,
    "programmes.save_setup": STAFF_ROLES,
    "programmes.change_state": STAFF_ROLES,
    "channels.edit_channels": STAFF_ROLES,
    "programmes.edit_sources": STAFF_ROLES,
    "programmes.edit_badges": STAFF_ROLES,
    "groups.show_groups": STAFF_ROLES,
    "groups.form_groups": STAFF_ROLES,
    "content_gaps.show_content_gaps": STAFF_ROLES,
    "programmes.show_participants": STAFF_ROLES,
    "programmes.change_participation": STAFF_ROLES,
    "programmes.preview_certifications": STAFF_ROLES,
    "programmes.apply_certifications": STAFF_ROLES,
    "questions.list_questions": STAFF_ROLES,
    "questions.export_questions": STAFF_ROLES,
    "questions.new_question": STAFF_ROLES,
    "questions.edit_question": STAFF_ROLES,
    "questions.save_question": STAFF_ROLES,
    "questions.delete_question": STAFF_ROLES,
    "questions.preview_questions": STAFF_ROLES,
    "questions.import_questions": STAFF_ROLES,
    "rubrics.show_rubric": STAFF_ROLES,
    "rubrics.save_levels": STAFF_ROLES,
    "rubrics.save_criteria": STAFF_ROLES,
    "rubrics.save_case": STAFF_ROLES,
    "business.show_business": STAFF_ROLES,
    "business.save_kpi": STAFF_ROLES,
    "business.save_valuation": STAFF_ROLES,
    "business.change_costs": STAFF_ROLES,
    "business.save_scorecard": STAFF_ROLES,
    "business.save_new_level": STAFF_ROLES,
    "business.upload_readings": STAFF_ROLES,
    "business.process_readings": STAFF_ROLES,
    "elsewhere.show_mappings": STAFF_ROLES,
    "elsewhere.add_mapping": STAFF_ROLES,
    "elsewhere.remove_mapping": STAFF_ROLES,
    "people.list_people": STAFF_ROLES,
    "people.download_template": STAFF_ROLES,
    "people.preview_import": STAFF_ROLES,
    "people.apply_import": STAFF_ROLES,
    "people.change_role": ADMINS,
    "people.link_person": ADMINS,
    "people.show_identity_links": ADMINS,
    "people.decide_identity_links": ADMINS,
    "admin_by_launch.show_overview": ADMINS,
    "admin_by_launch.grant_admin_role": ADMINS,
    "admin_by_launch.issue_invite": ADMINS,
    "admin_by_launch.withdraw_invite": ADMINS,
    "admin_by_launch.show_new_platform_form": ADMINS,
    "admin_by_launch.add_platform": ADMINS,
    "admin_by_launch.show_platform": ADMINS,
    "admin_by_launch.show_platform_form": ADMINS,
    "admin_by_launch.update_platform": ADMINS,
    "admin_by_launch.change_platform_status": ADMINS,
    "admin_by_launch.change_deployment": ADMINS,
    "admin_by_launch.resend_platform_grade": ADMINS,
    "admin_by_launch.show_record_store": ADMINS,
    "admin_by_launch.update_record_store": ADMINS,
    "admin_by_launch.show_sign_in_settings": ADMINS,
    "admin_by_launch.update_sign_in_settings": ADMINS,
    "admin_by_launch.show_audit_log": ADMINS,
}

# The same pages for a session opened by an administrator's one-time link, which may call
# nothing else.
ADMIN_LINK_ENDPOINTS = frozenset(
    [
        "admin_by_link.sign_out",
        *(
            name.replace("admin_by_launch.", "admin_by_link.")
            for name in ROUTE_ROLES
            if name.startswith("admin_by_launch.")
        ),
        *(
            name.replace("people.", "admin_people.")
            for name in ROUTE_ROLES
            if name.startswith("people.")
        ),
    ]
)

# Public endpoints, which need no session, and why.
PUBLIC_ENDPOINTS: Mapping[str, str] = {
    "static": "styles and scripts",
    "front": "says what this is",
    "launch.login": "an LMS begins a launch",
    "launch.receive_launch": "an LMS sends a launch, which is checked there",
    "launch.confirm_launch": "whoever began a launch says that it is theirs",
    "launch.accept_in_window": "a launch goes on in a window of its own",
    "launch.jwks": "public keys",
    "launch.canvas_configuration": "what Canvas reads to install the tool",
    "register.preview_registration": "a one-time invite is in the address",
    "register.submit_registration": "a one-time invite is in the address",
    "visit.preview_link": "a signed link is in the address",
    "visit.open_link": "a signed link is in the address",
    "visit.resend_link": "a signed link is in the address",
    "visit.show_sign_in": "asks for an address",
    "visit.start_sign_in": "goes to the organisation's own sign-in",
    "visit.finish_sign_in": "comes from there, with what only this browser holds",
    "visit.request_link": "sends a link to an address of a list, and tells nobody whether it did",
    "visit.preview_stop": "a signed link is in the address",
    "visit.stop_mail": "a signed link is in the address",
    "calendars.get_calendar_feed": "a signed text in the address opens one person's due dates, "
    "nothing else",
    "admin_entrance.show_entrance": "a one-time link is in the address",
    "admin_entrance.redeem_link": "a one-time link is in the address",
}


def roles_of_session(course_role: str, listed: Iterable[str]) -> frozenset[str]:
    """Return the person's roles in a session: from the launch's course, the people list and
    grants.
    """
    return frozenset(
        {
            LEARNER,
            *listed,
            *((TEACHER,) if CourseRole(course_role) in _TEACHING_COURSE_ROLES else ()),
        }
    )


def sees_only_own_courses(roles: frozenset[str]) -> bool:
    """Whether figures and reports are limited to people of the teacher's own courses: for
    teachers without a role that sees more.
    """
    return TEACHER in roles and not roles & (STAFF_ROLES | {EXECUTIVE})


def require_role(roles: frozenset[str], allowed: frozenset[str]) -> None:
    """Raise Forbidden if none of these roles is allowed."""
    if not roles & allowed:
        raise Forbidden(
            "This page is for others: your role here does not open it. Your administrator grants "
            "roles."
        )
