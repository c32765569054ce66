"""The xAPI record store, the metrics made from it, and the reports that publish them.

No LTI, no quizzes, no e-mail, no names of people on a page. Runs alone: it imports no other house.
"""
