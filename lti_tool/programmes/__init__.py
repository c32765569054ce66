"""Programmes and their versions, how people begin and leave them (episodes, certifications), and
when what is due.
"""
