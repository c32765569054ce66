"""What is made from the statements: facts, metric definitions, statistics, reports, and the API and
jobs that publish them. It reads statements through ``lrs.feed`` alone, and knows no LMS and no
page.
"""
