"""Our signatures equal botocore's, for random odd paths, queries, headers and bodies.

    test_botocore.py SIGNER    the path of the built sign_main

Needs botocore: started with another Python it goes on in the one of INDEXSWAP_TEST_AWS_PYTHON.
"""

import calendar
import datetime
import json
import os
import random
import subprocess
import sys
import unittest
import urllib.parse
from unittest import mock

try:
    import botocore.auth
    import botocore.awsrequest
    import botocore.credentials
except ImportError:
    python = os.environ.get("INDEXSWAP_TEST_AWS_PYTHON")
    if not python or os.path.realpath(sys.executable) == python:
        sys.exit("there is no botocore: run this under `tests/servers/servers.py run moto -- …`")
    os.execv(python, [python, "-B", *sys.argv])

SIGNER = sys.argv.pop(1) if len(sys.argv) > 1 else ""
CASES = 600
SEED = int(os.environ.get("INDEXSWAP_TEST_SEED", "20150830"))
ODD = list("abcXYZ019-._~!$'()*,;=:@ %\"<>[]{}|\\^`") + ["%20", "%2C", "%2f", "é", "ሴ", "..", "//"]
NOW = datetime.datetime(2026, 11, 24, 1, 2, 3)


def text(rng, longest, without=""):
    letters = [letter for letter in ODD if letter not in without]
    return "".join(rng.choice(letters) for _ in range(rng.randint(0, longest)))


def on_the_wire(path):
    """As a careful client sends a path: odd, but without bytes that no request line can hold."""
    return urllib.parse.quote(path, safe="/-._~!$&'()*+,;=:@%")


def order(rng):
    """One request to sign. Its query may be encoded in any way that means the same."""
    names = [text(rng, 6, without=["="]) or "n" for _ in range(rng.randint(0, 4))]
    query = []
    for name in names:
        name = urllib.parse.quote(urllib.parse.unquote(name), safe=rng.choice(["", "*,:@!"]))
        value = urllib.parse.unquote(text(rng, 6))
        value = urllib.parse.quote(value, safe=rng.choice(["", ",*/"]))
        query.append(name + rng.choice(["=" + value, "=" + value, "=", ""]))
    headers = {"Content-Type": "application/x-amz-json-1.0"}
    for number in range(rng.randint(0, 3)):
        name = rng.choice(["X-Amz-Target", "x-opaque-id", "My-Header"]) + str(number)
        headers[name] = rng.choice(["AmazonSQS.ReceiveMessage", " a  b ", "a\tb", '"a   b"', ""])
    return {
        "method": rng.choice(["GET", "PUT", "POST", "DELETE"]),
        "host": rng.choice(["sqs.eu-west-2.amazonaws.com", "127.0.0.1:9324"]),
        "path": on_the_wire("/" + "/".join(text(rng, 5) for _ in range(rng.randint(0, 4)))),
        "query": "&".join(query),
        "headers": list(headers.items()),
        "body": text(rng, 40),
        "service": rng.choice(["es", "sqs", "aoss"]),
        "region": rng.choice(["eu-west-2", "us-east-1"]),
        "key": "AKIDEXAMPLE",
        "secret": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
        "token": rng.choice(["", "AQoDYXdzEPT//////////wEXAMPLE=="]),
        "time": calendar.timegm(NOW.timetuple()),
    }


def strictly(query):
    """The one encoding of a query that AWS reckons with; botocore takes a URL's as it is."""
    pairs = [pair.partition("=")[::2] for pair in query.split("&") if pair]
    quote, unquote = urllib.parse.quote, urllib.parse.unquote
    return "&".join(f"{quote(unquote(k), safe='')}={quote(unquote(v), safe='')}" for k, v in pairs)


def botocores(wanted):
    """The headers that botocore adds to the request."""
    url = f"https://{wanted['host']}{wanted['path']}"
    if wanted["query"]:
        url += "?" + strictly(wanted["query"])
    headers = dict(wanted["headers"])
    if wanted["service"] == "aoss":  # which botocore does for S3 only
        headers["X-Amz-Content-Sha256"] = botocore.auth.sha256(wanted["body"].encode()).hexdigest()
    request = botocore.awsrequest.AWSRequest(
        method=wanted["method"], url=url, headers=headers, data=wanted["body"].encode()
    )
    credentials = botocore.credentials.Credentials(
        wanted["key"], wanted["secret"], wanted["token"] or None
    )
    signer = botocore.auth.SigV4Auth(credentials, wanted["service"], wanted["region"])
    clock = mock.Mock(datetime.datetime, utcnow=lambda: NOW, now=lambda tz=None: NOW)
    with mock.patch.multiple(
        botocore.auth,
        **{
            name: value
            for name, value in (
                ("get_current_datetime", lambda *_, **__: NOW),
                ("datetime", mock.Mock(datetime=clock)),
            )
            if hasattr(botocore.auth, name)
        },
    ):
        signer.add_auth(request)
    return dict(request.headers)


class BotocoreTest(unittest.TestCase):
    def test_signatures_are_equal(self):
        rng = random.Random(SEED)
        orders = [order(rng) for _ in range(CASES)]
        lines = "".join(json.dumps(one) + "\n" for one in orders)
        done = subprocess.run([SIGNER], input=lines, capture_output=True, text=True, check=True)
        answers = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual(len(answers), CASES)
        for wanted, ours in zip(orders, answers):
            theirs = botocores(wanted)
            for name, value in ours.items():
                self.assertEqual(value, theirs[name], f"{name} of {wanted}")
            self.assertIn("Authorization", ours)
            self.assertEqual("X-Amz-Security-Token" in ours, bool(wanted["token"]))


if __name__ == "__main__":
    unittest.main()
