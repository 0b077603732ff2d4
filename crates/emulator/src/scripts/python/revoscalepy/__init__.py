"""A stand-in for the data access and remote execution of revoscalepy, for scripts inside of the emulator's SQL Server
and for their clients.

Inside of a script, data sources whose server is this one go over the script's own channel, as the calling user. Outside,
they go over ODBC (package pyodbc). A function is sent as its source text, never pickled.
"""

import ast
import inspect
import json
import textwrap

import numpy
import pandas

__version__ = "9.4.7+azml"

_LOOPBACK = ("localhost", ".", "(local)", "127.0.0.1", "::1", "[::1]")


def _parse(connection_string):
    """The keys of a connection string in lower case; a value in braces may hold semicolons."""
    keys, rest = {}, connection_string or ""
    while rest.strip(" ;"):
        name, _, rest = rest.lstrip(" ;").partition("=")
        rest = rest.lstrip()
        if rest.startswith("{"):
            end = rest.index("}")
            while rest[end : end + 2] == "}}":
                end = rest.index("}", end + 2)
            value, rest = rest[1:end].replace("}}", "}"), rest[end + 1 :]
        else:
            value, _, rest = rest.partition(";")
            value = value.strip()
        keys.setdefault(name.strip().lower(), value)
    return keys


def _channel():
    try:
        import azml_channel

        return azml_channel.channel
    except ImportError:
        return None


def _quote(name):
    """A table's name with every part in brackets; parts may be bracketed already."""
    parts, part, quoted = [], "", False
    for character in name:
        if character == "[" and not quoted and not part:
            quoted = True
        elif character == "]" and quoted:
            quoted = False
        elif character == "." and not quoted:
            parts.append(part)
            part = ""
        else:
            part += character
    parts.append(part)
    return ".".join("[%s]" % part.replace("]", "]]") if part else "" for part in parts)


class _Loopback:
    """The server that runs this script."""

    def __init__(self, channel, database):
        self._channel = channel
        self._use = "USE [%s]; " % database.replace("]", "]]") if database else ""

    def query(self, text):
        import azml_frames

        kind, payload = self._channel.ask(azml_frames.QUERY, (self._use + text).encode("utf-8"))
        return azml_frames.decode(payload) if kind == azml_frames.ROWS else None

    def load(self, table, frame):
        import azml_frames

        name = _quote(table).encode("utf-8")
        payload = len(name).to_bytes(4, "little") + name + azml_frames.encode(frame)
        if self._use:
            self.query("SELECT 1")
        self._channel.ask(azml_frames.LOAD, payload)


class _Odbc:
    """A server at the other end of an ODBC connection."""

    def __init__(self, connection_string):
        import pyodbc

        self._connection = pyodbc.connect(connection_string, autocommit=True)

    def query(self, text, *parameters):
        cursor = self._connection.cursor()
        cursor.execute(text, *parameters)
        while cursor.description is None:
            if not cursor.nextset():
                return None
        names = [column[0] for column in cursor.description]
        return pandas.DataFrame.from_records([tuple(row) for row in cursor.fetchall()], columns=names)

    def load(self, table, frame):
        cursor = self._connection.cursor()
        columns = ", ".join(_quote_one(name) for name in frame.columns)
        marks = ", ".join("?" * len(frame.columns))
        rows = [[_python(value) for value in row] for row in frame.itertuples(index=False, name=None)]
        self._connection.autocommit = False
        try:
            if rows:
                cursor.executemany("INSERT INTO %s (%s) VALUES (%s)" % (_quote(table), columns, marks), rows)
            self._connection.commit()
        except BaseException:
            self._connection.rollback()
            raise
        finally:
            self._connection.autocommit = True


def _quote_one(name):
    return "[%s]" % str(name).replace("]", "]]")


def _python(value):
    if value is None or (not isinstance(value, (str, bytes)) and pandas.isna(value)):
        return None
    if isinstance(value, pandas.Timestamp):
        return value.to_pydatetime()
    return value.item() if hasattr(value, "item") else value


def _connect(connection_string):
    keys = _parse(connection_string)
    channel = _channel()
    if channel is not None:
        server = keys.get("server", ".").split(",")[0].split("\\")[0].lower()
        if server.startswith("tcp:"):
            server = server[4:]
        if server in _LOOPBACK:
            return _Loopback(channel, keys.get("database"))
        raise RuntimeError("remote data sources need pyodbc in the runtime: '%s' is not this server" % server)
    return _Odbc(connection_string)


def rx_get_sql_loopback_connection_string(name_of_database=None, odbc_driver="SQL Server"):
    """A connection string for the server that runs the script."""
    database = "Database=%s;" % name_of_database if name_of_database else ""
    return "Driver={%s};Server=.;%sTrusted_Connection=Yes;" % (odbc_driver, database)


class RxDataSource:
    """A source or sink of rows."""


class RxSqlServerData(RxDataSource):
    """A table or query of a SQL Server."""

    def __init__(self, connection_string=None, table=None, sql_query=None, row_buffering=True, return_data_frame=True,
                 string_as_factors=False, column_classes=None, column_info=None, rows_per_read=50000, verbose=False,
                 use_fast_read=True, server=None, database_name=None, user=None, password=None,
                 write_factors_as_indexes=False, **_):
        if table and sql_query:
            raise ValueError("give either table or sql_query, not both")
        self.connection_string = _with_keys(connection_string, server, database_name, user, password)
        self.table, self.sql_query = table, sql_query
        self.column_classes, self.column_info = column_classes or {}, column_info or {}
        self.string_as_factors = string_as_factors

    def _read(self):
        if self.sql_query:
            if self.sql_query.split(None, 1)[0].upper() not in ("SELECT", "WITH"):
                raise ValueError("sql_query must be a SELECT statement")
            text = self.sql_query
        elif self.table:
            text = "SELECT * FROM " + _quote(self.table)
        else:
            raise ValueError("give either table or sql_query")
        frame = _connect(self.connection_string).query(text)
        return _typed(frame, self.column_classes, self.column_info, self.string_as_factors)


RxOdbcData = RxSqlServerData


class RxTextData(RxDataSource):
    """A delimited text file."""

    def __init__(self, file, missing_value_string="NA", delimiter=",", column_info=None, column_classes=None, **_):
        self.file, self.delimiter, self.missing_value_string = file, delimiter, missing_value_string
        self.column_info, self.column_classes = column_info or {}, column_classes or {}

    def _read(self):
        frame = pandas.read_csv(self.file, sep=self.delimiter, na_values=[self.missing_value_string])
        return _typed(frame, self.column_classes, self.column_info, False)


def _with_keys(connection_string, server, database, user, password):
    extra = (("Server", server), ("Database", database), ("UID", user), ("PWD", password))
    given = "".join("%s={%s};" % (name, value.replace("}", "}}")) for name, value in extra if value)
    # The first occurrence of a key counts.
    return given + (connection_string or "")


def _typed(frame, classes, info, factors):
    types = {"integer": "int32", "float32": "float32", "numeric": "float64", "float": "float64", "character": "str",
             "factor": "category", "bool": "bool", "logical": "bool", "int16": "int16", "uint16": "uint16"}
    for name in list(frame.columns):
        described = info.get(name, {})
        wanted = described.get("type", classes.get(name))
        if wanted == "factor" and "levels" in described:
            frame[name] = pandas.Categorical(frame[name], categories=described["levels"])
        elif wanted in types:
            frame[name] = frame[name].astype(types[wanted])
        elif factors and frame[name].dtype == object:
            frame[name] = pandas.Categorical(frame[name], categories=list(dict.fromkeys(frame[name].dropna())))
        if "newName" in described:
            frame = frame.rename(columns={name: described["newName"]})
    return frame


def rx_import(input_data, output_file=None, vars_to_keep=None, vars_to_drop=None, overwrite=False, append=None, **_):
    """The rows of a source as a data frame, or copied to a sink."""
    return rx_data_step(input_data, output_file, vars_to_keep, vars_to_drop, overwrite=overwrite, append=append)


def rx_data_step(input_data=None, output_file=None, vars_to_keep=None, vars_to_drop=None, transform_function=None,
                 append=None, overwrite=False, remove_missings=False, **_):
    """Copies rows from a source to a sink; without a sink returns them."""
    frame = input_data.copy() if isinstance(input_data, pandas.DataFrame) else input_data._read()
    if vars_to_keep:
        frame = frame[list(vars_to_keep)]
    if vars_to_drop:
        frame = frame.drop(columns=list(vars_to_drop))
    if transform_function:
        frame = transform_function(frame)
    if remove_missings:
        frame = frame.dropna()
    if output_file is None:
        return frame
    if not isinstance(output_file, RxSqlServerData) or not output_file.table:
        raise TypeError("the output must be RxSqlServerData with a table")
    _write(frame, output_file, append, overwrite)
    return output_file


def _write(frame, sink, append, overwrite):
    server = _connect(sink.connection_string)
    table = _quote(sink.table)
    exists = server.query("SELECT OBJECT_ID(N'%s', N'U') AS id" % table.replace("'", "''"))["id"].iloc[0]
    exists = exists is not None and not pandas.isna(exists)
    if append == "rows":
        if not exists:
            raise ValueError("there is no table %s to append to" % sink.table)
    else:
        if exists and not overwrite:
            raise ValueError("the table %s exists; pass overwrite=True to replace it" % sink.table)
        if exists:
            server.query("DROP TABLE %s" % table)
        columns = ", ".join("%s %s NULL" % (_quote_one(name), _sql_type(frame[name])) for name in frame.columns)
        server.query("CREATE TABLE %s (%s)" % (table, columns))
    server.load(sink.table, frame)


def _sql_type(series):
    kind = str(series.dtype).lower()
    exact = {"bool": "bit", "boolean": "bit", "int8": "smallint", "int16": "smallint", "uint8": "tinyint", "int32": "int",
             "uint16": "int", "int64": "bigint", "uint32": "bigint", "uint64": "decimal(20,0)", "float16": "real",
             "float32": "real", "float64": "float"}
    if kind in exact:
        return exact[kind]
    if kind.startswith("datetime64"):
        return "datetime2(6)"
    present = series.dropna()
    if len(present) and all(isinstance(value, (bytes, bytearray)) for value in present):
        return "varbinary(max)"
    longest = max((len(str(value)) for value in present), default=1)
    for limit in (50, 255, 4000):
        if longest <= limit:
            return "nvarchar(%d)" % limit
    return "nvarchar(max)"


class RxComputeContext:
    """Where functions run."""


class RxLocalSeq(RxComputeContext):
    """In this interpreter, one after the other."""


class RxInSqlServer(RxComputeContext):
    """Inside of a SQL Server."""

    def __init__(self, connection_string, num_tasks=1, auto_cleanup=True, console_output=None,
                 execution_timeout_seconds=None, wait=True, packages_to_load=None, **_):
        self.connection_string, self.console_output = connection_string, console_output
        self.packages_to_load = packages_to_load or []


_context = RxLocalSeq()


def rx_get_compute_context():
    """The active compute context."""
    return _context


def rx_set_compute_context(compute_context):
    """Makes a compute context the active one; returns the one before."""
    global _context
    before, _context = _context, RxLocalSeq() if compute_context in ("local", "RxLocalSeq") else compute_context
    return before


_ENVELOPE = '''
import base64 as _b64, json as _json, io as _io
_arguments = _json.loads(_azml_arguments)
for _package in _json.loads(_azml_packages):
    __import__(_package)
exec(compile(_azml_source, "<remote>", "exec"), globals())
_value = globals()[_azml_name](*_arguments["args"], **_arguments["kwargs"])
if isinstance(_value, _io.BytesIO):
    _value = _value.getvalue()
if isinstance(_value, (bytes, bytearray)):
    _kind, _text = "bytes", _b64.b64encode(bytes(_value)).decode("ascii")
elif isinstance(_value, pandas.DataFrame):
    _kind, _text = "frame", _value.to_json(orient="split", date_format="iso")
else:
    _kind, _text = "json", _json.dumps(_value)
OutputDataSet = pandas.DataFrame({"kind": [_kind], "value": [_text]})
'''

_EXECUTE = """EXEC sp_execute_external_script @language = N'Python', @script = ?,
@params = N'@_azml_source nvarchar(max), @_azml_name nvarchar(max), @_azml_arguments nvarchar(max), @_azml_packages nvarchar(max)',
@_azml_source = ?, @_azml_name = ?, @_azml_arguments = ?, @_azml_packages = ?
WITH RESULT SETS ((kind varchar(12), value nvarchar(max)))"""


def _source(function):
    """The source text of a function without decorators' indentation."""
    text = textwrap.dedent(inspect.getsource(function))
    ast.parse(text)
    return text


def rx_exec(function, args=None, times_to_run=-1, compute_context=None, continue_on_failure=True, **kwargs):
    """Runs a function once for each element of its list arguments; returns the results in order."""
    context = compute_context or _context
    calls = _calls(args, times_to_run, kwargs)
    if not isinstance(context, RxInSqlServer):
        return [function(*positional, **named) for positional, named in calls]
    server, source = _connect(context.connection_string), _source(function)
    packages = json.dumps(context.packages_to_load)
    results = []
    for positional, named in calls:
        arguments = json.dumps({"args": positional, "kwargs": named}, default=_jsonable)
        frame = server.query(_EXECUTE, _ENVELOPE, source, function.__name__, arguments, packages)
        results.append(_result(frame["kind"].iloc[0], frame["value"].iloc[0]))
    return results


def _jsonable(value):
    if hasattr(value, "item"):
        return value.item()
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError("an argument of type %s cannot be sent; use numbers, strings, lists and dictionaries" % type(value).__name__)


def _calls(args, times_to_run, kwargs):
    if isinstance(args, dict):
        kwargs, args = dict(args, **kwargs), None
    if args is not None:
        return [([], item) if isinstance(item, dict) else ([item], {}) for item in args]
    spread = {name: value for name, value in kwargs.items() if isinstance(value, list)}
    lengths = {len(value) for value in spread.values() if len(value) > 1}
    if len(lengths) > 1:
        raise ValueError("list arguments must have the same length")
    count = times_to_run if times_to_run > 0 else max(lengths, default=1)
    return [([], {name: value[at % len(value)] if name in spread else value for name, value in kwargs.items()})
            for at in range(count)]


def _result(kind, value):
    if kind == "bytes":
        import base64

        return base64.b64decode(value)
    if kind == "frame":
        import io

        return pandas.read_json(io.StringIO(value), orient="split")
    return json.loads(value)


def _sample_data_dir():
    """Where the package's small data sets lie, if it was installed with them."""
    import os

    folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), "sample_data")
    return folder if os.path.isdir(folder) else None


class RxOptions:
    """Options of the package."""

    _values = {
        "CoefLabelStyle": "Revo", "DataPath": ["."], "DropMain": True, "FileSystem": "native", "MemStatsDiff": 0,
        "MemStatsReset": 0, "NumCoresToUse": 4, "NumDigits": 7, "NumTasks": 1, "OutDataPath": ["."], "RngBufferSize": 1,
        "RowDisplayMax": -1, "ShowTransformFn": False, "UseSparseCube": False, "XdfCompressionLevel": 1,
        "blocksPerRead": 1, "reportProgress": 2, "sampleDataDir": _sample_data_dir(), "traceLevel": 0,
        "unitTestDataDir": _sample_data_dir(), "unixPythonPath": "python3",
    }

    @classmethod
    def _name(cls, name):
        if name.lower() == "rngbffersize":
            return "RngBufferSize"
        return next((known for known in cls._values if known.lower() == name.lower()), None)

    @classmethod
    def get_option(cls, name):
        """An option's value; None for one that does not exist."""
        return cls._values.get(cls._name(name))

    @classmethod
    def set_option(cls, name, value):
        """Sets an option."""
        known = cls._name(name)
        if known is None:
            raise ValueError("there is no option '%s'" % name)
        cls._values[known] = value


class RxXdfData(RxDataSource):
    """A local data set. Files of the proprietary layout cannot be read; a text or Parquet file of the same name beside the
    named one has its part."""

    def __init__(self, file, column_info=None, **_):
        self.file, self.column_info = str(file), column_info or {}

    def _read(self):
        import os

        start, extension = os.path.splitext(self.file)
        if extension.lower() == ".xdf" and os.path.exists(self.file):
            raise ValueError("'%s' is an .xdf file, whose layout is not published: export it to text where the proprietary "
                             "package is, or load it through SQL Server" % self.file)
        if extension.lower() == ".parquet" or os.path.exists(start + ".parquet") and not os.path.exists(start + ".csv"):
            frame = pandas.read_parquet(start + ".parquet")
        else:
            frame = pandas.read_csv(start + ".csv" if extension.lower() == ".xdf" else self.file, na_values=["NA"])
            if os.path.exists(start + ".levels.json"):
                with open(start + ".levels.json", encoding="utf-8") as levels:
                    for name, known in json.load(levels).items():
                        frame[name] = pandas.Categorical(frame[name].astype(object), categories=known)
        return _typed(frame, {}, self.column_info, False)


def _frame(data):
    return data if isinstance(data, pandas.DataFrame) else data._read()


def _significant(value):
    """A number with seven significant digits."""
    if value is None or pandas.isna(value):
        return "NaN"
    return repr(int(value)) if float(value).is_integer() and abs(value) < 1e15 else "%.7g" % value


def _table(heading, rows):
    widths = [max(len(str(row[at])) for row in [heading] + rows) for at in range(len(heading))]
    return "".join("".join(" " + str(cell).ljust(width) for cell, width in zip(row, widths)) + "\n" for row in [heading] + rows)


class RxSummaryResults:
    """What rx_summary found; printed as the original prints it."""

    def __init__(self, formula, data, rows, statistics, categorical):
        self.formula, self.data, self.nobs_valid, self.nobs_missing = formula, data, rows, 0
        self.s_data_frame = pandas.DataFrame(statistics, columns=["Name", "Mean", "StdDev", "Min", "Max", "ValidObs", "MissingObs"])
        self.categorical, self.categorical_type = [counts for _, counts, _ in categorical], ["counts"] * len(categorical)
        self._categorical = categorical

    def __str__(self):
        text = "Call:\nrx_summary(formula = %s, data = %s)\n\n" % (self.formula, self.data)
        text += "Summary Statistics Results for: %s\n" % self.formula
        text += "%s: %s\n" % ("File name" if self.data.endswith((".csv", ".xdf", ".parquet")) else "Data", self.data)
        text += "Number of valid observations: %d \n" % self.nobs_valid
        rows = [[row.Name] + [_significant(value) for value in (row.Mean, row.StdDev, row.Min, row.Max)]
                + [int(row.ValidObs), int(row.MissingObs)] for row in self.s_data_frame.itertuples()]
        if rows:
            text += " \n" + _table(list(self.s_data_frame.columns), rows)
        for name, counts, missing in self._categorical:
            text += "\nCategory Counts for %s\nNumber of categories: %d\nNumber of valid observations: %d\n" % (
                name, len(counts), counts["Counts"].sum())
            text += "Number of missing observations: %d\n\n" % missing
            text += _table([name, "Counts"], counts.values.tolist())
        return text

    __repr__ = __str__


def rx_summary(formula, data, **_):
    """Statistics of the numbers and counts of the factors that a formula names; a term of two is left to SQL."""
    frame = _frame(data)
    shown = getattr(data, "file", None) or getattr(data, "table", None) or getattr(data, "sql_query", None) or "frame"
    terms = [term.strip() for term in formula.split("~")[-1].split("+")]
    if terms == ["."]:
        terms = [name for name in frame.columns if frame[name].dtype != object]
    statistics, categorical = [], []
    for term in terms:
        factor = term.startswith("F(") and term.endswith(")")
        name = term[2:-1].split(",")[0].strip() if factor else term
        if name not in frame.columns:
            raise ValueError("the data has no column '%s'" % name)
        column = frame[name]
        if factor or isinstance(column.dtype, pandas.CategoricalDtype) or column.dtype == bool:
            if not isinstance(column.dtype, pandas.CategoricalDtype):
                column = column.astype("category")
            counts = column.value_counts(sort=False).reindex(column.cat.categories, fill_value=0)
            table = pandas.DataFrame({name: [str(level) for level in counts.index], "Counts": counts.values})
            categorical.append((name, table, int(column.isna().sum())))
        elif column.dtype == object:
            raise ValueError("'%s' is a column of text; convert it to a factor first" % name)
        else:
            statistics.append([name, column.mean(), column.std(), column.min(), column.max(), column.count(), column.isna().sum()])
    return RxSummaryResults("~" + " + ".join(terms), str(shown), len(frame), statistics, categorical)


def rx_get_var_names(data):
    """The names of the columns of a source."""
    return list(_frame(data).columns)


class RxVarInfo(dict):
    """What the columns of a source are, by their names."""

    def __str__(self):
        lines = []
        for at, (name, info) in enumerate(self.items(), 1):
            if "levels" in info:
                lines.append("Var %d: %s\n\t%d factor levels: %r" % (at, name, len(info["levels"]), info["levels"]))
            else:
                line = "Var %d: %s, Type: %s, Storage: %s" % (at, name, info["varType"], info["storage"])
                if "low" in info:
                    line += ", Low/High: (%.4f, %.4f)" % (info["low"], info["high"])
                lines.append(line)
        return "".join(line + "\n" for line in lines)

    __repr__ = __str__


def rx_get_var_info(data, **_):
    """What the columns of a source are."""
    frame, found = _frame(data), RxVarInfo()
    for name in frame.columns:
        column, kind = frame[name], frame[name].dtype
        if isinstance(kind, pandas.CategoricalDtype):
            found[name] = {"varType": "factor", "storage": "uint32", "levels": [str(level) for level in kind.categories]}
        elif kind.kind in "iuf":
            info = {"varType": "integer" if kind.kind != "f" else "numeric", "storage": str(kind)}
            if column.notna().any():
                info.update(low=float(column.min()), high=float(column.max()))
            found[name] = info
        else:
            classes = {"b": ("logical", "bool"), "M": ("POSIXct", "float64")}
            kind_name, storage = classes.get(kind.kind, ("character", "string"))
            found[name] = {"varType": kind_name, "storage": storage}
    return found


class RxInfo:
    """What a source is; printed as the original prints it."""

    def __init__(self, data, get_var_info, num_rows):
        frame = _frame(data)
        self.file_name, self.num_rows, self.num_vars = getattr(data, "file", ""), len(frame), len(frame.columns)
        self.var_info = rx_get_var_info(frame) if get_var_info else None
        self.data = frame.head(num_rows) if num_rows else None

    def __str__(self):
        text = "File name:%s\n" % self.file_name if self.file_name else ""
        text += "Number of observations:%.1f\nNumber of variables:%.1f\n" % (self.num_rows, self.num_vars)
        if self.var_info is not None:
            text += "Variable information: \n%s" % self.var_info
        return text

    __repr__ = __str__


def rx_get_info(data, get_var_info=False, num_rows=0, **_):
    """How many rows and columns a source has, and what they are."""
    return RxInfo(data, get_var_info, num_rows)


def _submodules():
    """The modules that scripts of the time import from, each with everything."""
    import sys
    import types

    package = sys.modules[__name__]
    public = {name: value for name, value in vars(package).items() if name.startswith(("Rx", "rx_"))}
    names = set(public) | {"RxSummary", "RxDataStep", "RxImport", "RxExec", "RxInfo"}
    for part in ("functions", "datasource", "computecontext", "utils"):
        module = types.ModuleType("%s.%s" % (__name__, part))
        module.__path__ = []
        module.__dict__.update(public)
        sys.modules[module.__name__] = module
        setattr(package, part, module)
        for name in names:
            inner = types.ModuleType("%s.%s" % (module.__name__, name))
            inner.__dict__.update(public)
            sys.modules[inner.__name__] = inner


_submodules()
