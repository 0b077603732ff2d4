"""What the client's writer makes of frames, byte by byte after a way through the service:
S-110 to S-115, S-140 and S-142. The writer of azml is held against the same bytes."""

import pandas as pd
from rows import equal, main, raises, row
from support import FRAME_CSV, frame, fresh, workspace


def written(data, data_type_id="GenericCSV"):
    """The bytes that the service holds after a frame was added."""
    dataset = workspace().datasets.add_from_dataframe(data, data_type_id, fresh(), "written")
    return dataset.read_as_binary()


def column(*values, **options):
    """A frame with one column named c."""
    return pd.DataFrame({"c": pd.Series(values, **options)})


@row("S-110")
def numbers_flags_and_gaps():
    equal(written(frame()), FRAME_CSV)
    mixed = pd.DataFrame(
        {
            "i": [1, -2],
            "f": [0.1, 1e16],
            "b": [True, False],
            "s": ["x", None],
            "t": [float("inf"), float("-inf")],
        }
    )
    equal(written(mixed), b"i,f,b,s,t\n1,0.1,True,x,inf\n-2,1e+16,False,,-inf\n")
    equal(
        written(column(1e15, 0.0001, 1e-05, 5e-324, -0.0, None)),
        b'c\n1000000000000000.0\n0.0001\n1e-05\n5e-324\n-0.0\n""\n',
    )


@row("S-111")
def without_header_and_with_tabs():
    body = FRAME_CSV.split(b"\n", 1)[1]
    equal(written(frame(), "GenericCSVNoHeader"), body)
    equal(written(frame(), "GenericTSV"), FRAME_CSV.replace(b",", b"\t"))
    equal(written(frame(), "GenericTSVNoHeader"), body.replace(b",", b"\t"))


@row("S-112")
def quotes():
    words = ["plain", "a,b", 'say "hi"', "two\nlines", " spaces ", "tab\there", "#", "'"]
    equal(
        written(column(*words)),
        b'c\nplain\n"a,b"\n"say ""hi"""\n"two\nlines"\n spaces \ntab\there\n#\n\'\n',
    )
    equal(
        written(column(*words), "GenericTSV"),
        b'c\nplain\na,b\n"say ""hi"""\n"two\nlines"\n spaces \n"tab\there"\n#\n\'\n',
    )
    equal(written(pd.DataFrame({"a,b": [1], 'c"': [2]})), b'"a,b","c"""\n1,2\n')


@row("S-113")
def a_lone_empty_field():
    equal(written(column("x", None, "")), b'c\nx\n""\n""\n')
    equal(written(pd.DataFrame({"a": [None], "b": [None]})), b"a,b\n,\n")


@row("S-114")
def times():
    day, time, part = "2015-01-02", "2015-01-02 03:04:05", "2015-01-02 03:04:05.25"
    stamp = pd.Timestamp
    equal(written(column(stamp(day), stamp(day))), b"c\n2015-01-02\n2015-01-02\n")
    equal(
        written(column(stamp(day), stamp(time))),
        b"c\n2015-01-02 00:00:00\n2015-01-02 03:04:05\n",
    )
    equal(
        written(column(stamp(time), stamp(part))),
        b"c\n2015-01-02 03:04:05.000\n2015-01-02 03:04:05.250\n",
    )
    equal(
        written(column(stamp(time, tz="Europe/Paris"))),
        b"c\n2015-01-02 03:04:05+01:00\n",
    )
    equal(
        written(column(pd.Timedelta("1 days 02:03:04"), pd.Timedelta("5s"))),
        b"c\n1 days 02:03:04\n0 days 00:00:05\n",
    )


@row("S-115")
def a_lone_return_and_a_leading_space_are_lost():
    # Faults of this client's writer and reader together; azml quotes both (D-06).
    ws = workspace()
    data = pd.DataFrame({"c": [" x", "y"], "d": ["1\r2", "3"]})
    dataset = ws.datasets.add_from_dataframe(data, "GenericCSV", fresh(), "written")
    equal(dataset.read_as_binary(), b"c,d\n x,1\r2\ny,3\n")
    quoted = ws.datasets.add_from_raw_data(b'c,d\n" x","1\r2"\ny,3\n', "GenericCSV", fresh(), "q")
    back = quoted.to_dataframe()
    equal(list(back["c"]), [" x", "y"])
    equal(list(back["d"]), ["1\r2", "3"])


@row("S-140")
def plain_text():
    words = pd.DataFrame({0: ["first line", 'a "quoted", line', "é"]})
    equal(written(words, "PlainText"), 'first line\na "quoted", line\né\n'.encode())
    equal(written(pd.DataFrame({"a": ["x"], "b": ["y"]}), "PlainText"), b"xy\n")


@row("S-142")
def plain_text_of_numbers():
    raises(TypeError, lambda: written(pd.DataFrame({"a": [1, 2]}), "PlainText"))
    raises(TypeError, lambda: written(pd.DataFrame({"a": ["x", None]}), "PlainText"))


main()
