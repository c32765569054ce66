"""Checks and refresher quizzes, their grades and the gradebook they go to."""
