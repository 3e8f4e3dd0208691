"""What a scenario test is: a function of one Case, marked with @test. The words for judging live here too.

A Case owns a temporary folder and everything that was started in it, and ends exactly that when the test is over.
"""
import contextlib
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

PATIENCE = float(os.environ.get("SCENARIO_PATIENCE", "1"))  # multiplies every deadline (sanitised or loaded runs)
TESTS = {}


@dataclass
class Test:
    name: str
    function: object
    limit: float  # seconds until the runner ends it
    slow: bool    # only with --all
    alone: bool   # measures something: nothing else runs beside it
    later: str    # the row of the contract that is not built yet; runs only when named


def test(function=None, *, limit=60, slow=False, alone=False, later=""):
    def mark(inner):
        room = inner.__module__.removeprefix("test_")
        name = f"{room}.{inner.__name__}"
        assert name not in TESTS, f"two tests named {name}"
        TESTS[name] = Test(name, inner, limit * PATIENCE, slow, alone, later)
        return inner
    return mark(function) if function else mark


class Failed(AssertionError):
    """The product did not do what the contract says."""


class Skipped(Exception):
    """This machine cannot show it; the reason is said."""


class Case:
    def __init__(self, name, long_run):
        self.name, self.long_run = name, long_run
        self.dir = Path(tempfile.mkdtemp(prefix=name.replace(".", "-") + "-", dir=os.environ.get("SCENARIO_BASE")))
        self.logs = []  # paths whose tails are shown on failure
        self._ends = contextlib.ExitStack()

    def socket_path(self, name):
        """A path that is short enough for a unix socket (107 bytes), wherever the test's folder lies."""
        folder = Path(tempfile.mkdtemp(prefix="sp-", dir="/tmp"))
        self.defer(shutil.rmtree, folder, True)
        return folder / name

    def defer(self, function, *arguments):
        self._ends.callback(function, *arguments)

    def close(self):
        self._ends.close()


def show(value, most=600):
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= most else text[:most] + f"... ({len(text)} in all)"


def expect(condition, why):
    if not condition:
        raise Failed(why)


def equal(got, wanted, what):
    if got != wanted:
        raise Failed(f"{what}: got {show(got)}, wanted {show(wanted)}")


def one_of(got, wanted, what):
    if got not in wanted:
        raise Failed(f"{what}: got {show(got)}, wanted one of {show(wanted)}")


def contains(haystack, needle, what):
    if needle not in haystack:
        raise Failed(f"{what}: {show(needle)} is not in {show(haystack)}")


def absent(haystack, needle, what):
    if needle in haystack:
        raise Failed(f"{what}: {show(needle)} is in {show(haystack)}")
