# Runs a function that was sent as source and describes what it returned. Runs on every Python 3.5 with pandas.
import base64 as _base64
import datetime as _datetime
import decimal as _decimal
import io as _io
import json as _json
import linecache as _linecache
import math as _math
import struct as _struct
import sys as _sys
import traceback as _traceback

import pandas as _pandas

_PNG = b"\x89PNG\r\n\x1a\n"


def _decode(value):
    if isinstance(value, list):
        return [_decode(item) for item in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        ((tag, inner),) = value.items()
        if tag == "$bytes":
            return _base64.b64decode(inner)
        if tag == "$dt":
            return _pandas.Timestamp(inner).to_pydatetime()
        if tag == "$dec":
            return _decimal.Decimal(inner)
        if tag == "$f":
            return float(inner)
        if tag == "$int":
            return int(inner)
    return {key: _decode(item) for key, item in value.items()}


def _encode(value):
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, (bytes, bytearray)):
        return {"$bytes": _base64.b64encode(bytes(value)).decode("ascii")}
    if isinstance(value, (_datetime.datetime, _datetime.date)):
        return {"$dt": value.isoformat()}
    if isinstance(value, _decimal.Decimal):
        return {"$dec": str(value)}
    if isinstance(value, int):
        return value if abs(value) <= 2**53 else {"$int": str(value)}
    if isinstance(value, float):
        return value if _math.isfinite(value) else {"$f": repr(value)}
    if isinstance(value, dict):
        return {str(key): _encode(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set)):
        return [_encode(item) for item in value]
    if hasattr(value, "tolist"):
        return _encode(value.tolist())
    if hasattr(value, "item"):
        return _encode(value.item())
    raise TypeError("a value of type %s cannot be returned" % type(value).__name__)


def _is_figure(value):
    return hasattr(value, "savefig") and hasattr(value, "canvas")


def _is_missing(value):
    return value is None or (_pandas.api.types.is_scalar(value) and bool(_pandas.isnull(value)))


def _frame(value):
    """A frame as JSON columns; the other side makes typed columns of it."""
    columns = []
    for at, name in enumerate(value.columns):
        column = value.iloc[:, at]
        kind = column.dtype.kind if hasattr(column.dtype, "kind") else "O"
        if kind == "M":
            items = [None if item is _pandas.NaT else item.isoformat() for item in column]
        else:
            items = [None if _is_missing(item) else _encode(item) for item in column.astype(object)]
        columns.append({"name": str(name), "kind": kind, "values": items})
    return _json.dumps({"rows": len(value), "columns": columns}).encode("utf-8")


def _describe(value, wanted):
    """The kind of a value and its bytes."""
    if wanted == "none" or (value is None and wanted == "auto"):
        return "none", b""
    if wanted in ("auto", "png") and _is_figure(value):
        buffer = _io.BytesIO()
        value.savefig(buffer, format="png")
        value = buffer.getvalue()
    if wanted in ("auto", "bytes", "png"):
        if isinstance(value, _io.BytesIO):
            value = value.getvalue()
        if isinstance(value, (bytes, bytearray, memoryview)):
            value = bytes(value)
            if value[:8] == _PNG:
                return "png", value
            if wanted == "png":
                raise TypeError("the function returned bytes that are no PNG picture")
            return "bytes", value
        if wanted != "auto":
            raise TypeError("the function returned a value of type %s, not %s" % (type(value).__name__, wanted))
    if wanted in ("auto", "frame"):
        if isinstance(value, _pandas.Series):
            value = value.to_frame()
        if isinstance(value, _pandas.DataFrame):
            return "frame", _frame(value)
        if wanted == "frame":
            raise TypeError("the function returned a value of type %s, not a frame" % type(value).__name__)
    return "json", _json.dumps(_encode(value)).encode("utf-8")


class _Tee(object):
    """Printed text goes on, and is kept."""

    def __init__(self, stream):
        self.stream, self.kept = stream, []

    def write(self, text):
        self.kept.append(text)
        return self.stream.write(text)

    def __getattr__(self, name):
        return getattr(self.stream, name)

    def text(self):
        return "".join(self.kept)


def _entry(namespace, before, name):
    if name:
        if name not in namespace:
            raise NameError("the source defines no '%s'" % name)
        return namespace[name]
    functions = [
        value
        for key, value in namespace.items()
        if key not in before and hasattr(value, "__code__") and value.__code__.co_filename == "<remote>"
    ]
    if not functions:
        raise NameError("the source defines no function")
    return max(functions, key=lambda function: function.__code__.co_firstlineno)


def _frames(payload):
    """The frames among the arguments: for each, the length of its name and columns, and these as JSON."""
    frames, at = {}, 0
    while at < len(payload):
        (length,) = _struct.unpack_from("<I", payload, at)
        described = _json.loads(payload[at + 4 : at + 4 + length].decode("utf-8"))
        at += 4 + length
        data = {}
        for column in described["columns"]:
            values = [_decode(item) for item in column["values"]]
            if column["kind"] == "M":
                data[column["name"]] = _pandas.to_datetime(_pandas.Series(values, dtype=object))
            elif column["kind"] == "f":
                data[column["name"]] = _pandas.Series([float("nan") if item is None else item for item in values], dtype="float64")
            elif column["kind"] == "i" and None not in values:
                data[column["name"]] = _pandas.Series(values, dtype="int64")
            elif column["kind"] == "b" and None not in values:
                data[column["name"]] = _pandas.Series(values, dtype="bool")
            else:
                data[column["name"]] = _pandas.Series(values, dtype=object)
        frames[described["name"]] = _pandas.DataFrame(data, columns=[column["name"] for column in described["columns"]])
    return frames


def azml_run(source, call, frames, input_frame):
    """One row for each call: its kind, value, description, stdout and stderr."""
    call = _json.loads(call)
    # So that a traceback shows the lines of the source.
    _linecache.cache["<remote>"] = (len(source), None, source.splitlines(True), "<remote>")
    rows = []
    for arguments in call["calls"]:
        out, err = _Tee(_sys.stdout), _Tee(_sys.stderr)
        _sys.stdout, _sys.stderr = out, err
        try:
            namespace = {"__name__": "__main__", "__builtins__": __builtins__, "pandas": _pandas}
            namespace.update({key: _decode(item) for key, item in call["globals"].items()})
            for package in call["packages"]:
                namespace[package.split(".")[0]] = __import__(package)
            before = set(namespace)
            exec(compile(source, "<remote>", "exec"), namespace)
            function = _entry(namespace, before, call["entry"])
            keywords = {key: _decode(item) for key, item in arguments.items()}
            keywords.update(_frames(frames))
            positional = [] if input_frame is None else [input_frame]
            kind, value = _describe(function(*positional, **keywords), call["returns"])
            meta = ""
        except BaseException as error:
            kind, value = "error", b""
            # The first line is this one, which is nobody's business.
            where = error.__traceback__.tb_next or error.__traceback__
            lines = _traceback.format_exception(type(error), error, where)
            meta = _json.dumps(
                {
                    "type": type(error).__name__,
                    "module": type(error).__module__,
                    "message": str(error),
                    "traceback": "".join(lines),
                }
            )
        finally:
            _sys.stdout, _sys.stderr = out.stream, err.stream
        rows.append((kind, value, meta, out.text(), err.text()))
        if kind == "error" and call["stop"]:
            break
    return _pandas.DataFrame(rows, columns=["kind", "value", "meta", "stdout", "stderr"])
