"""Runs the functions marked with `@row("S-001")` and prints for each what it is about, after its
name, and whether it holds.

The Rust side compares the printed rows with the list it expects, so that none can vanish.
"""

import sys
import traceback

_ROWS = []


def row(*names):
    """Marks a function as the test of the numbered behaviours."""

    def register(function):
        _ROWS.append((names, function))
        return function

    return register


def main():
    """Runs every row in the order of the file; ends with 1 when one failed."""
    failed = False
    for names, function in _ROWS:
        try:
            function()
            outcome = "ok"
        except Exception:
            traceback.print_exc()
            outcome = "FAILED"
            failed = True
        for name in names:
            print(f"# {name} = {function.__name__.replace('_', ' ')}")
            print(f"{name}: {outcome}", flush=True)
    sys.exit(1 if failed else 0)


def raises(kind, action, *parts):
    """Checks that the action raises exactly this class, with these parts in the message."""
    try:
        action()
    except Exception as error:
        if type(error) is not kind:
            raise AssertionError(f"expected {kind.__name__}, got {error!r}") from error
        for part in parts:
            assert part in str(error), f"{part!r} is not in {error!s}"
        return error
    raise AssertionError(f"expected {kind.__name__}, nothing was raised")


def equal(actual, expected):
    """Checks equality and shows both sides."""
    assert actual == expected, f"got {actual!r}, expected {expected!r}"
