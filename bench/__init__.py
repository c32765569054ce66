"""Programs that measure speed and memory, side by side with a limit; results are committed with
machine and date.
"""
