"""Waiting for conditions, never for time: every wait names what it waits for and has a deadline."""
import time

from registry import PATIENCE, Failed


def until(condition, what, seconds=10.0):
    """Returns the first true value of condition(); Failed after the deadline."""
    end = time.monotonic() + seconds * PATIENCE
    pause = 0.002
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise Failed(f"after {seconds * PATIENCE:.0f} s still waiting for {what}")
        time.sleep(pause)
        pause = min(pause * 1.5, 0.05)
