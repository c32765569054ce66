"""Behaviour assessments by a programme's rubric."""
