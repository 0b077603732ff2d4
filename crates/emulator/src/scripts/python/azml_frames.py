"""Frames between the emulator and a script, and data frames inside of them.

A frame is its length (4 bytes, little-endian), its kind (1 byte) and its payload. A data frame is the length of a JSON
header, the header, and for each column three buffers: validity, offsets, data.
"""

import datetime
import decimal
import json
import os
import struct
import threading

import numpy
import pandas

HEADER, PARAMETERS, INPUT, START = 1, 2, 3, 4
STDOUT, OUTPUT, RESULTS, EXCEPTION, DONE = 16, 18, 19, 20, 21
QUERY, ROWS, NO_ROWS, REFUSED, LOAD, COLUMN_TYPES = 32, 33, 34, 35, 36, 37


class Channel:
    """The two ends of the conversation with the emulator."""

    def __init__(self, reader, writer):
        self._reader = os.fdopen(reader, "rb")
        self._writer = os.fdopen(writer, "wb")
        self._lock = threading.Lock()

    def send(self, kind, payload=b""):
        with self._lock:
            self._writer.write(struct.pack("<IB", len(payload), kind))
            self._writer.write(payload)
            self._writer.flush()

    def receive(self):
        length, kind = struct.unpack("<IB", self._reader.read(5))
        return kind, self._reader.read(length)

    def ask(self, kind, payload):
        """Sends a request and returns the answer's kind and payload."""
        self.send(kind, payload)
        answer, content = self.receive()
        if answer == REFUSED:
            raise RuntimeError(content.decode("utf-8"))
        return answer, content


def decode(payload):
    """The data frame in a payload."""
    (length,) = struct.unpack_from("<I", payload)
    header = json.loads(payload[4 : 4 + length].decode("utf-8"))
    at = 4 + length
    columns = []
    for column in header["columns"]:
        buffers = []
        for size in column["buffers"]:
            buffers.append(payload[at : at + size])
            at += size
        columns.append(_series(column["type"], header["rows"], *buffers))
    frame = pandas.DataFrame(dict(enumerate(columns)), index=pandas.RangeIndex(header["rows"]))
    frame.columns = [column["name"] for column in header["columns"]]
    return frame


def _series(kind, rows, validity, offsets, data):
    valid = numpy.frombuffer(validity, numpy.uint8).astype(bool) if validity else None
    if kind == "null":
        return numpy.full(rows, None, dtype=object)
    if kind in ("str", "bytes"):
        ends = numpy.frombuffer(offsets, numpy.int64)
        values = numpy.empty(rows, dtype=object)
        for row in range(rows):
            if valid is None or valid[row]:
                value = data[ends[row] : ends[row + 1]]
                values[row] = value.decode("utf-8") if kind == "str" else value
        return values
    if kind == "datetime":
        values = numpy.frombuffer(data, numpy.int64).astype("datetime64[us]")
        if valid is not None:
            values = values.copy()
            values[~valid] = numpy.datetime64("NaT")
        try:
            return pandas.Series(values).astype("datetime64[ns]").values
        except (OverflowError, ValueError, pandas.errors.OutOfBoundsDatetime):
            return pandas.Series(values).astype(object).values
    types = {"bool": bool, "int32": numpy.int32, "int64": numpy.int64, "float32": numpy.float32, "float64": numpy.float64}
    values = numpy.frombuffer(data, types[kind] if kind != "bool" else numpy.uint8).astype(types[kind])
    if valid is None:
        return values
    if kind == "bool":
        values = values.astype(object)
        values[~valid] = None
        return values
    values = values.astype(numpy.float64)
    values[~valid] = numpy.nan
    return values


def encode(frame):
    """The payload for a data frame."""
    rows = len(frame)
    columns, buffers = [], []
    for position, name in enumerate(frame.columns):
        kind, parts = _buffers(name, frame.iloc[:, position])
        columns.append({"name": str(name), "type": kind, "buffers": [len(part) for part in parts]})
        buffers.extend(parts)
    header = json.dumps({"rows": rows, "columns": columns}).encode("utf-8")
    return struct.pack("<I", len(header)) + header + b"".join(buffers)


def _buffers(name, series):
    missing = series.isna().to_numpy()
    validity = (~missing).astype(numpy.uint8).tobytes() if missing.any() else b""
    dtype = series.dtype
    if isinstance(dtype, pandas.CategoricalDtype):
        return _texts(series.astype(object), missing, validity)
    if pandas.api.types.is_datetime64_any_dtype(dtype):
        if getattr(dtype, "tz", None) is not None:
            series = series.dt.tz_convert("UTC").dt.tz_localize(None)
        micros = series.to_numpy().astype("datetime64[us]").astype(numpy.int64)
        return "datetime", (validity, b"", micros.tobytes())
    if pandas.api.types.is_bool_dtype(dtype) and dtype != object:
        return "bool", (validity, b"", series.fillna(False).to_numpy().astype(numpy.uint8).tobytes())
    if pandas.api.types.is_integer_dtype(dtype):
        values = series.fillna(0)
        if dtype.itemsize < 4 or str(dtype).lower() == "int32":
            return "int32", (validity, b"", values.to_numpy().astype(numpy.int32).tobytes())
        return "int64", (validity, b"", values.to_numpy().astype(numpy.int64).tobytes())
    if pandas.api.types.is_float_dtype(dtype):
        values = series.to_numpy(dtype=numpy.float64, na_value=numpy.nan)
        finite = numpy.isfinite(values)
        validity = b"" if finite.all() else finite.astype(numpy.uint8).tobytes()
        if str(dtype).lower() in ("float16", "float32"):
            return "float32", (validity, b"", values.astype(numpy.float32).tobytes())
        return "float64", (validity, b"", values.tobytes())
    return _objects(name, series, missing, validity)


def _objects(name, series, missing, validity):
    present = [value for value, gone in zip(series, missing) if not gone]
    if not present:
        return "null", (b"", b"", b"")
    if all(isinstance(value, (bytes, bytearray, memoryview)) for value in present):
        values = [b"" if gone else bytes(value) for value, gone in zip(series, missing)]
        return "bytes", _variable(values, validity)
    if all(isinstance(value, str) for value in present):
        return _texts(series, missing, validity)
    if all(isinstance(value, (bool, numpy.bool_)) for value in present):
        values = numpy.array([0 if gone else int(value) for value, gone in zip(series, missing)], numpy.uint8)
        return "bool", (validity, b"", values.tobytes())
    if all(isinstance(value, (int, numpy.integer)) for value in present):
        values = numpy.array([0 if gone else int(value) for value, gone in zip(series, missing)], numpy.int64)
        return "int64", (validity, b"", values.tobytes())
    if all(isinstance(value, (int, float, numpy.number, decimal.Decimal)) for value in present):
        values = numpy.array([numpy.nan if gone else float(value) for value, gone in zip(series, missing)], numpy.float64)
        return "float64", (validity, b"", values.tobytes())
    if all(isinstance(value, (datetime.date, numpy.datetime64, pandas.Timestamp)) for value in present):
        moments = [numpy.datetime64("NaT") if gone else numpy.datetime64(value, "us") for value, gone in zip(series, missing)]
        return "datetime", (validity, b"", numpy.array(moments, "datetime64[us]").astype(numpy.int64).tobytes())
    kinds = sorted({type(value).__name__ for value in present})
    raise TypeError("column '%s' holds values that SQL Server has no type for: %s" % (name, ", ".join(kinds)))


def _texts(series, missing, validity):
    values = [b"" if gone else str(value).encode("utf-8", "surrogatepass") for value, gone in zip(series, missing)]
    return "str", _variable(values, validity)


def _variable(values, validity):
    ends = numpy.zeros(len(values) + 1, numpy.int64)
    numpy.cumsum([len(value) for value in values], out=ends[1:])
    return validity, ends.tobytes(), b"".join(values)
