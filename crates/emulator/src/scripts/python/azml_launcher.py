"""Runs one script for the emulator: reads it from standard input, answers on standard output, and ends."""

import os
import resource
import signal
import sys
import threading
import time
import traceback

GIB = 1 << 30


def limit():
    """Keeps an accident small: memory, processor time, open files, processes, the size of a file, no core dumps."""
    # The limit counts all processes of a user: it makes sense for one that only runs scripts.
    processes = ((resource.RLIMIT_NPROC, 256),) if "user-of-scripts" in sys.argv[1:] else ()
    for name, value in (
        (resource.RLIMIT_CPU, 600),
        (resource.RLIMIT_NOFILE, 256),
        (resource.RLIMIT_FSIZE, GIB),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_AS, 4 * GIB),
    ) + processes:
        _, hard = resource.getrlimit(name)
        if hard != resource.RLIM_INFINITY:
            value = min(value, hard)
        resource.setrlimit(name, (value, value))


def end_with_the_emulator():
    """Ends this process and what it has started when the emulator is gone, which could not end them itself."""
    emulator = os.getppid()

    def watch():
        while os.getppid() == emulator:
            time.sleep(1)
        os.killpg(0, signal.SIGKILL)

    threading.Thread(target=watch, daemon=True).start()


def no_new_privileges():
    """Nothing that a script starts gets more rights than it has itself."""
    try:
        import ctypes

        ctypes.CDLL(None).prctl(38, 1, 0, 0, 0)
    except (OSError, AttributeError):
        pass


def redirect_output(channel, stdout):
    """Sends what is written to file descriptor 1 as frames, also from C code and children."""
    reader, writer = os.pipe()
    os.dup2(writer, 1)
    os.close(writer)

    def forward():
        while True:
            text = os.read(reader, 65536)
            if not text:
                return
            channel.send(stdout, text)

    thread = threading.Thread(target=forward, daemon=True)
    thread.start()

    def finish():
        sys.__stdout__.flush()
        sys.stdout.flush()
        # The forwarder ends when nothing holds the pipe open any more.
        devnull = os.open(os.devnull, os.O_WRONLY)
        os.dup2(devnull, 1)
        thread.join(timeout=5)

    return finish


def old_names():
    """Modules that scripts of the time import under names that are gone."""
    import importlib
    import types

    import pandas.plotting

    def alias(name, real):
        try:
            importlib.import_module(name)
        except ImportError:
            sys.modules[name] = real

    tools = types.ModuleType("pandas.tools")
    tools.plotting = pandas.plotting
    alias("pandas.tools", tools)
    alias("pandas.tools.plotting", pandas.plotting)
    try:
        import joblib

        externals = types.ModuleType("sklearn.externals")
        externals.joblib = joblib
        alias("sklearn.externals", externals)
        alias("sklearn.externals.joblib", joblib)
    except ImportError:
        pass


def main():
    reader, writer = os.dup(0), os.dup(1)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
    sys.path.insert(0, os.getcwd())
    limit()
    no_new_privileges()
    end_with_the_emulator()

    import azml_frames as frames

    channel = frames.Channel(reader, writer)
    finish = redirect_output(channel, frames.STDOUT)

    import json

    import pandas

    old_names()
    import azml_channel

    azml_channel.channel = channel

    namespace = {"__name__": "__main__", "__builtins__": __builtins__, "pandas": pandas}
    header = {}
    while True:
        kind, payload = channel.receive()
        if kind == frames.HEADER:
            header = json.loads(payload.decode("utf-8"))
        elif kind == frames.PARAMETERS:
            for name, column in frames.decode(payload).items():
                value = column.iloc[0]
                namespace[name] = value.item() if hasattr(value, "item") else value
        elif kind == frames.INPUT:
            namespace[header["input"]] = frames.decode(payload)
        elif kind == frames.START:
            break

    main_module = sys.modules["__main__"]
    main_module.__dict__.update(namespace)
    try:
        exec(compile(header["source"], "<string>", "exec"), main_module.__dict__)
        output = main_module.__dict__.get(header["output"])
        if output is not None:
            if not isinstance(output, pandas.DataFrame):
                raise TypeError("%s is not a pandas DataFrame but %s" % (header["output"], type(output).__name__))
            output = frames.encode(output) if len(output.columns) else None
        results = None
        if header["outputs"]:
            values = {name: [main_module.__dict__.get(name)] for name in header["outputs"]}
            results = frames.encode(pandas.DataFrame(values, dtype=object))
    except SystemExit as ended:
        finish()
        if ended.code not in (None, 0):
            channel.send(frames.EXCEPTION, ("SystemExit: %s" % ended.code).encode("utf-8"))
            return
        channel.send(frames.DONE)
        return
    except BaseException:
        text = traceback.format_exc()
        finish()
        channel.send(frames.EXCEPTION, text.encode("utf-8", "replace"))
        return
    finish()
    if output is not None:
        channel.send(frames.OUTPUT, output)
    if results is not None:
        channel.send(frames.RESULTS, results)
    channel.send(frames.DONE)


main()
