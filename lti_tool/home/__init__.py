"""Read models of several packages: the first pages, figures and reports, the inbox of reviewers,
teams.
"""
