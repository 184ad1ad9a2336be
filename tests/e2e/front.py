"""A front of a server as operators have them: TLS, a password, and what came through compressed."""

import base64
import http.client
import http.server
import pathlib
import ssl
import subprocess
import threading
import urllib.parse

_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "host"}


def certificates(folder, host):
    """An authority of its own, and a certificate of it for one host; returns the authority's."""
    folder = pathlib.Path(folder)

    def openssl(*words):
        subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-out", "ca.pem",
            "-days", "2", "-subj", "/CN=an authority of the tests")
    openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", "server.key", "-out", "server.csr",
            "-subj", f"/CN={host}")
    (folder / "names").write_text(f"subjectAltName = DNS:{host}\n", encoding="ascii")
    openssl("x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key",
            "-CAcreateserial", "-days", "2", "-extfile", "names", "-out", "server.pem")
    return folder / "ca.pem"


class Front:
    """Hands every request on to `target`, for a `with` block. Without `folder` it speaks no TLS.

    `compressed` counts the requests, and the answers, that were.
    """

    def __init__(self, target, folder=None, user=None, password=None):
        self._target = urllib.parse.urlsplit(target).netloc
        self._wanted = None
        if user:
            words = base64.b64encode(f"{user}:{password}".encode()).decode()
            self._wanted = f"Basic {words}"
        self.compressed = {"requests": 0, "answers": 0}
        self._lock = threading.Lock()
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.port = self._server.server_port
        if folder:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(folder / "server.pem", folder / "server.key")
            # The handshake is the connection's own thread's business.
            self._server.socket = context.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False)

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()

    def _count(self, what, headers):
        if headers.get("Content-Encoding") == "gzip":
            with self._lock:
                self.compressed[what] += 1

    def _handler(self):
        front = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_one_request(self):
                try:
                    super().handle_one_request()
                except (ssl.SSLError, ConnectionError):
                    self.close_connection = True    # a client that does not trust us

            def _pass(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                if front._wanted and self.headers.get("Authorization") != front._wanted:
                    return self._answer(401, {"Content-Type": "text/plain"}, b"Unauthorized")
                front._count("requests", self.headers)
                connection = http.client.HTTPConnection(front._target, timeout=60)
                connection.request(self.command, self.path, body or None, {
                    name: value for name, value in self.headers.items()
                    if name.lower() not in _HOP | {"authorization"}})
                answer = connection.getresponse()
                text = answer.read()
                connection.close()
                front._count("answers", answer.headers)
                return self._answer(answer.status, answer.headers, text)

            def _answer(self, status, headers, text):
                self.send_response(status)
                for name, value in headers.items():
                    if name.lower() not in _HOP:
                        self.send_header(name, value)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(text)

            do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _pass    # noqa: N815

            def log_message(self, *_):
                pass

        return Handler
