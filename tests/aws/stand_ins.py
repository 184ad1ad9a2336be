"""Stand-ins, on loopback, for what hands out AWS credentials, STS, container and IMDSv2, and for
a store that wants them."""

import hashlib
import http.server
import json
import threading
import urllib.parse

EXPIRES = "2099-01-01T00:00:00Z"
SESSION = "session-of-the-instance"


def issued(story):
    """The credentials that stand for `story`: what was asked for, by whom."""
    digest = hashlib.sha256(story.encode()).hexdigest()
    return {"key": "ASIA" + digest[:12].upper(), "secret": "secret-" + digest[12:30],
            "token": "token-" + digest[30:50]}


class Endpoints:
    """All of them. `refuse`: {name: HTTP status}, `answers`: {name: what is said}."""

    def __init__(self):
        self.refuse, self.answers, self.seen, self.signed = {}, {}, [], []
        self._servers = [self._serve(name) for name in ("sts", "container", "instance", "store")]
        self.sts, self.container, self.instance, self.store = (
            f"http://127.0.0.1:{server.server_address[1]}" for server in self._servers)

    def begin(self, refuse, answers):
        """A new set-up."""
        self.refuse, self.answers, self.seen, self.signed = refuse, answers, [], []

    def close(self):
        for server in self._servers:
            server.shutdown()
            server.server_close()

    def _serve(self, name):
        endpoints = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def _do(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
                endpoints.seen.append(f"{name} {self.command} {self.path}")
                endpoints.signed += signature(self.headers)
                status = endpoints.refuse.get(name)
                text = endpoints.answers.get(name)
                if status is None and (text is None or not _is_last(name, self.path)):
                    status, text = getattr(endpoints, "_" + name)(self, body)
                text = (text or "refused").encode()
                self.send_response(status or 200)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            do_GET = do_PUT = do_POST = _do

            def log_message(self, *args):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return server

    @staticmethod
    def _sts(request, body):
        form = dict(urllib.parse.parse_qsl(body))
        caller, _, _, token = (signature(request.headers) or [("nobody", "", "", "")])[0]
        story = role_story(caller, token, **form)
        if form["RoleArn"].endswith("/forbidden"):
            return 403, ("<ErrorResponse><Error><Code>AccessDenied</Code><Message>not for you"
                         f"\n{token}</Message></Error></ErrorResponse>")
        given, action = issued(story), form["Action"]
        return 200, (
            f'<{action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><{action}Result>'
            "<AssumedRoleUser><Arn>arn:aws:sts::1:assumed-role/r/s</Arn></AssumedRoleUser>"
            f"<Credentials><AccessKeyId>{given['key']}</AccessKeyId><SecretAccessKey>"
            f"{given['secret']}</SecretAccessKey><SessionToken>{given['token']}</SessionToken>"
            f"<Expiration>{EXPIRES}</Expiration></Credentials></{action}Result></{action}Response>")

    @staticmethod
    def _store(*_):
        return 403, "{}"

    @staticmethod
    def _container(request, _):
        return 200, as_json(issued(container_story(request.path,
                                                   request.headers.get("Authorization", ""))))

    @staticmethod
    def _instance(request, _):
        if request.path == "/latest/api/token":
            asked = request.headers.get("x-aws-ec2-metadata-token-ttl-seconds")
            return (200, SESSION) if request.command == "PUT" and asked else (400, "")
        if request.headers.get("x-aws-ec2-metadata-token") != SESSION:
            return 401, ""
        folder = "/latest/meta-data/iam/security-credentials/"
        if request.path == folder:
            return 200, "role-of-this"
        return (200, as_json(issued("instance"))) if request.path == folder + "role-of-this" else (
            404, "")


def _is_last(name, path):
    """Whether this is the request that asks for the credentials themselves."""
    return name != "instance" or path.endswith("/role-of-this")


def signature(headers):
    """[(key id, region, service, token)] of a signed request, otherwise []."""
    credential = headers.get("Authorization", "").partition("Credential=")[2].partition(",")[0]
    scope = credential.split("/")
    if len(scope) != 5:
        return []
    return [(scope[0], scope[2], scope[3], headers.get("X-Amz-Security-Token", ""))]


def as_json(given):
    return json.dumps({"AccessKeyId": given["key"], "SecretAccessKey": given["secret"],
                       "Token": given["token"], "Expiration": EXPIRES, "Code": "Success"})


def container_story(path, token):
    return f"container {path} {token}"


def role_story(caller, token, **form):
    """What one call of STS was about. A session's default name is each client's own."""
    session = form.get("RoleSessionName", "")
    if session.startswith(("botocore-session-", "syncd-")):
        session = ""
    return " ".join((form["Action"], form["RoleArn"], caller, token, session,
                     form.get("ExternalId", ""), form.get("DurationSeconds", ""),
                     form.get("WebIdentityToken", "")))
