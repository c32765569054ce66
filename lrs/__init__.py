"""The xAPI record store, the metrics computed from it, and the reports that publish them.

No LTI, no quizzes, no e-mail, no names of people on a page. Runs on its own: it imports no
other top-level package of this repository.
"""
