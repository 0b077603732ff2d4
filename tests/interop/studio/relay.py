"""A plain HTTP relay between a client and the emulator that records every request.

It lets a test see what an unmodified client sends. It keeps the Host header, so that absolute
addresses which the server mints lead through the relay too.
"""

import http.client
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit


class Request:
    """One request as the client sent it."""

    def __init__(self, method, target, headers, body):
        self.method = method
        self.path = urlsplit(target).path
        self.query = {key: values[0] for key, values in parse_qs(urlsplit(target).query).items()}
        self.headers = headers
        self.body = body


class Relay:
    """Use as a context manager; `endpoint` is where the client shall connect.

    `rewrite(request, status, headers, body)` may return a changed (status, headers, body).
    `prefix` is a path that the relay serves under and takes away again.
    """

    def __init__(self, target, rewrite=None, prefix=""):
        self.requests = []
        relay = self
        upstream = urlsplit(target)

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def relay(self):
                length = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(length)
                request = Request(self.command, self.path, self.headers, body)
                relay.requests.append(request)
                if not self.path.startswith(prefix):
                    self.answer(404, [], b"outside the prefix")
                    return
                connection = http.client.HTTPConnection(upstream.hostname, upstream.port)
                connection.putrequest(
                    self.command,
                    self.path[len(prefix):],
                    skip_host=True,
                    skip_accept_encoding=True,
                )
                for name, value in self.headers.items():
                    connection.putheader(name, value)
                connection.endheaders(body)
                response = connection.getresponse()
                kept = [
                    (name, value)
                    for name, value in response.getheaders()
                    if name.lower() not in ("content-length", "transfer-encoding", "connection", "date")
                ]
                answer = (response.status, kept, response.read())
                connection.close()
                if rewrite is not None:
                    answer = rewrite(request, *answer) or answer
                self.answer(*answer)

            do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = relay

            def answer(self, status, headers, body):
                self.send_response(status)
                for name, value in headers:
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.endpoint = f"http://127.0.0.1:{self.server.server_port}{prefix}"

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def calls(self, method, part):
        """The recorded requests with this method whose path holds the text."""
        return [r for r in self.requests if r.method == method and part in r.path]
