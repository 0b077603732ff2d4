"""Frames of type PlainText, which this client reads with pandas up to 1.3 only: S-141 and S-143."""

from rows import equal, main, row
from support import read, workspace


def lines(data):
    """Columns and values of the frame made of these bytes."""
    frame = read(workspace(), data, "PlainText")
    return list(frame.columns), list(frame[0])


@row("S-141")
def byte_order_mark_and_line_ends():
    equal(
        lines(b"\xef\xbb\xbfJohn enjoyed his vacation\r\nto California\r\n"),
        ([0], ["John enjoyed his vacation", "to California"]),
    )
    equal(lines(b"one\n\n  two \rthree"), ([0], ["one", "  two ", "three"]))


@row("S-143")
def digits_and_quotes_are_interpreted():
    # Faults of this client; azml keeps every line as it is (D-10).
    equal(lines(b"1\n2\n"), ([0], [1, 2]))
    equal(lines(b'"quoted"\nx\n'), ([0, 1], ["quoted"]))


main()
