"""What the client's reader makes of bytes that the service holds: S-120 to S-133. The reader of
azml is held against the same frames."""

import math

from pandas.errors import EmptyDataError, ParserError
from rows import equal, main, raises, row
from support import read, workspace

CSV, TSV = "GenericCSV", "GenericTSV"
MARKERS = (
    ["#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN"]
    + ["<NA>", "N/A", "NA", "NULL", "NaN", "n/a", "nan", "null", "None", '""', '"NA"']
)


def csv(text, data_type_id=CSV):
    """The frame that the client makes of this text."""
    data = text if isinstance(text, bytes) else text.encode()
    return read(workspace(), data, data_type_id)


def cells(frame):
    """Rows of plain values, None for missing."""
    return [
        [None if isinstance(v, float) and math.isnan(v) else v for v in record]
        for record in frame.itertuples(index=False, name=None)
    ]


def inferred(*values):
    """Type and values of one column with these cells."""
    result = csv("c,d\n" + "".join(f"{value},x\n" for value in values))
    return str(result["c"].dtype), [record[0] for record in cells(result[["c"]])]


@row("S-120")
def numbers_with_gaps():
    result = csv("a,b,c\n1.0,2.0,nan\n5.1,,20.1\n")
    equal(cells(result), [[1.0, 2.0, None], [5.1, None, 20.1]])


@row("S-121")
def byte_order_mark():
    equal(list(csv(b"\xef\xbb\xbfa,b\n1,2\n").columns), ["a", "b"])
    equal(list(csv(b"\xef\xbb\xbfa\tb\n1\t2\n", TSV).columns), ["a", "b"])


@row("S-122")
def blanks_after_commas():
    result = csv('a, b, c\n1.0, "ten point one", x \n  2.5,   ,\t\n')
    equal(list(result.columns), ["a", "b", "c"])
    equal(cells(result), [[1.0, "ten point one", "x "], [2.5, None, "\t"]])


@row("S-123")
def blanks_after_tabs():
    result = csv('a\t b\n1\t x\n2\t "y"\n', TSV)
    equal(list(result.columns), ["a", " b"])
    equal(cells(result), [[1, " x"], [2, ' "y"']])


@row("S-124")
def no_header():
    for data_type_id, text in (("GenericCSVNoHeader", "1,x\n2,y\n"), ("GenericTSVNoHeader", "1\tx\n2\ty\n")):
        result = csv(text, data_type_id)
        equal(list(result.columns), [0, 1])
        equal(cells(result), [[1, "x"], [2, "y"]])


@row("S-125")
def line_ends_and_blank_lines():
    for text in ("a,b\r\n1,2\r\n3,4\r\n", "a,b\r1,2\r3,4\r", "a,b\n1,2\n3,4", "\n  \na,b\n\n1,2\n   \n3,4\n\n"):
        result = csv(text)
        equal((list(result.columns), cells(result)), (["a", "b"], [[1, 2], [3, 4]]))
    equal(cells(csv("a,b\n,\n1,2\n")), [[None, None], [1, 2]])
    equal(cells(csv("a\tb\n   \n1\t2\n", TSV)), [[1, 2]])


@row("S-126")
def missing_markers():
    result = csv("c,d\n" + "".join(f"{marker},x\n" for marker in MARKERS))
    equal(len(result), len(MARKERS))
    equal([v for v, _ in cells(result)], [None] * len(MARKERS))
    equal([v for v, _ in cells(csv("c,d\nna,x\nNA ,x\nNone.,x\n"))], ["na", "NA ", "None."])


@row("S-127")
def inference():
    equal(inferred("", "NA"), ("float64", [None, None]))
    equal(inferred("1", "+5", "-3", "007", '" 4 "', " 6 "), ("int64", [1, 5, -3, 7, 4, 6]))
    equal(inferred("1", ""), ("float64", [1.0, None]))
    equal(inferred("0", "18446744073709551615"), ("uint64", [0, 18446744073709551615]))
    equal(
        inferred("-1", "18446744073709551615"), ("object", ["-1", "18446744073709551615"])
    )
    equal(inferred("", "18446744073709551615")[0], "object")
    equal(inferred("18446744073709551616")[0], "object")
    equal(
        inferred("1", "1.5", ".5", "1.", "1e3", "1E-2", "inf", "-Infinity", " 2.5 "),
        ("float64", [1.0, 1.5, 0.5, 1.0, 1000.0, 0.01, math.inf, -math.inf, 2.5]),
    )
    for text in ("1_000", "1d5", "0x10", "2015-01-02"):
        equal(inferred("1.5", text), ("object", ["1.5", text]))
    equal(inferred("true", "FALSE", "True"), ("bool", [True, False, True]))
    equal(inferred("true", "", "false"), ("object", [True, None, False]))
    equal(inferred("true", "1"), ("object", ["true", "1"]))
    equal(inferred("true", "yes"), ("object", ["true", "yes"]))
    equal(inferred("1", "x", "2.50"), ("object", ["1", "x", "2.50"]))


@row("S-128")
def header_names():
    equal(list(csv("a,a,b,a\n1,2,3,4\n").columns), ["a", "a.1", "b", "a.2"])
    equal(list(csv("a,a,a.1\n1,2,3\n").columns), ["a", "a.2", "a.1"])
    equal(list(csv("a,,c,\n1,2,3,4\n").columns), ["a", "Unnamed: 1", "c", "Unnamed: 3"])
    equal(list(csv('a ,"two\nlines","  q"\n1,2,3\n').columns), ["a ", "two\nlines", "  q"])


@row("S-129")
def short_and_long_rows():
    equal(cells(csv("a,b,c\n1\n1,2,3\n")), [[1, None, None], [1, 2.0, 3.0]])
    raises(ParserError, lambda: csv("a,b\n1,2\n3,4,5\n"), "line 3")
    raises(ParserError, lambda: csv("1,2\n3,4,5\n", "GenericCSVNoHeader"), "line 2")


@row("S-130")
def rows_that_end_with_a_separator():
    # This client shifts every column to the left; azml refuses and says why (D-08).
    result = csv("a,b\n1,2,\n3,4,\n")
    equal(cells(result), [[2, None], [4, None]])


@row("S-131")
def empty_and_header_only():
    raises(EmptyDataError, lambda: csv(""))
    raises(EmptyDataError, lambda: csv("\n\n"))
    result = csv("a,b\n")
    equal((list(result.columns), len(result)), (["a", "b"], 0))


@row("S-132")
def not_utf_8():
    raises(UnicodeDecodeError, lambda: csv(b"a,b\n1,\xff\n"))


@row("S-133")
def quotes():
    raises(ParserError, lambda: csv('a,b\n1,"x\n2,y\n'))
    equal(
        cells(csv('a,b\nx"y","say ""hi"""\nx"y"z,1\n"x"y,"two\nlines"\n')),
        [['x"y"', 'say "hi"'], ['x"y"z', "1"], ["xy", "two\nlines"]],
    )


main()
