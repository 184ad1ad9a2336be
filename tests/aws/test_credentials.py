"""syncd chooses the credentials that botocore chooses, in the same set-ups.

    test_credentials.py CHAIN SYNCD    the paths of the built credentials_main and syncd

Needs botocore: started with another Python it goes on in the one of INDEXSWAP_TEST_AWS_PYTHON.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest
from unittest import mock

try:
    import botocore.credentials
    import botocore.session
    import botocore.utils
except ImportError:
    python = os.environ.get("INDEXSWAP_TEST_AWS_PYTHON")
    if not python or os.path.realpath(sys.executable) == python:
        sys.exit("there is no botocore: run this under `tests/servers/servers.py run moto -- …`")
    os.execv(python, [python, "-B", *sys.argv])

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import set_ups  # noqa: E402
from stand_ins import Endpoints  # noqa: E402

CHAIN, SYNCD = sys.argv[1:3] if len(sys.argv) > 2 else ("", "")
del sys.argv[1:3]
SECRETS = ("env-secret", "secret-", "token-", "a-token", "the-jwt", "Bearer")
ENDPOINTS = Endpoints()
unittest.addModuleCleanup(ENDPOINTS.close)


def environment(set_up, home):
    """The variables of a set-up, and its files written."""
    places = {"{sts}": ENDPOINTS.sts, "{container}": ENDPOINTS.container, "{home}": str(home),
              "{instance}": ENDPOINTS.instance,
              "{container_by_name}": ENDPOINTS.container.replace("127.0.0.1", "localhost")}

    def placed(text):
        for name, value in places.items():
            text = text.replace(name, value)
        return text

    files = {".aws/credentials": set_up.credentials, ".aws/config": set_up.config, **set_up.files}
    (home / ".aws").mkdir()
    for name, text in files.items():
        if text:
            (home / name).write_text(placed(text))
    env = {"HOME": "{home}", "AWS_DEFAULT_REGION": "eu-west-2", "AWS_ENDPOINT_URL_STS": "{sts}",
           "AWS_EC2_METADATA_SERVICE_ENDPOINT": "{instance}", **set_up.env}
    return {name: placed(value) for name, value in env.items() if name not in set_up.without}


def nobody_types(prompt):
    raise EOFError(prompt)


def botocores(env):
    """What botocore chooses, and why not if it chooses nothing."""
    fetcher = botocore.utils.ContainerMetadataFetcher
    with mock.patch.dict(os.environ, env | {"AWS_MAX_ATTEMPTS": "1"}, clear=True), \
            mock.patch.object(fetcher, "IP_ADDRESS", ENDPOINTS.container.removeprefix("http://")), \
            mock.patch.multiple(fetcher, RETRY_ATTEMPTS=1, SLEEP_TIME=0), \
            mock.patch.object(botocore.credentials.AssumeRoleProvider.__init__,
                              "__defaults__", (nobody_types, None, None)):
        try:
            found = botocore.session.Session().get_credentials()
            found = found and found.get_frozen_credentials()
        except Exception as error:  # pylint: disable=broad-except
            return None, repr(error)
    if not found:
        return None, "none"
    return {"key": found.access_key, "secret": found.secret_key, "token": found.token or ""}, ""


def ours(env):
    done = subprocess.run([CHAIN, ENDPOINTS.container], env=env, capture_output=True, text=True,
                          check=True, timeout=60)
    answer = json.loads(done.stdout)
    return (None, answer["error"]) if "error" in answer else (answer, "")


class CredentialsTest(unittest.TestCase):
    def choose(self, set_up):
        with tempfile.TemporaryDirectory() as home:
            env = environment(set_up, pathlib.Path(home))
            ENDPOINTS.begin(set_up.refuse, set_up.answers)
            theirs, their_error = botocores(env)
            self.assertEqual(theirs, set_up.want, f"botocore: {their_error}, {ENDPOINTS.seen}")
            ENDPOINTS.begin(set_up.refuse, set_up.answers)
            found, error = ours(env)
            self.assertEqual(found, set_up.want, f"syncd: {error}, {ENDPOINTS.seen}")
            for secret in SECRETS:
                self.assertNotIn(secret, error)

    def test_choices_are_equal(self):
        for kind, all_of_it in set_ups.ALL.items():
            for set_up in all_of_it:
                with self.subTest(f"{kind}: {set_up.name}"):
                    self.choose(set_up)

    def test_there_is_something_to_compare(self):
        every = [one for kind in set_ups.ALL.values() for one in kind]
        self.assertGreaterEqual(len(every), 80)
        self.assertGreaterEqual(sum(one.want is not None for one in every), 40)


class DaemonTest(unittest.TestCase):
    def run_status(self, env, refuse):
        """What `syncd status` says with a store that wants signatures, and refuses them."""
        ENDPOINTS.begin(refuse, {})
        with tempfile.TemporaryDirectory() as home:
            config = pathlib.Path(home) / "syncd.toml"
            config.write_text(f'plan = "tis"\nstate = "state"\n[store]\nurl = "{ENDPOINTS.store}"\n'
                              'auth = "sigv4"\nregion = "eu-west-1"\n')
            (config.parent / "profiles").write_text(
                set_ups.section("src", "S") + set_ups.assuming("default", "a", "src"))
            env = {"HOME": home, "AWS_SHARED_CREDENTIALS_FILE": home + "/profiles",
                   "AWS_ENDPOINT_URL_STS": ENDPOINTS.sts, **env}
            return subprocess.run([SYNCD, "status", "--config", config], env=env, text=True,
                                  capture_output=True, check=False, timeout=60)

    def test_the_store_gets_what_the_chain_has_found(self):
        """STS is asked in the region of the store, as nothing else says one."""
        self.run_status({}, {})
        given = set_ups.role("a", set_ups.keys("S"))
        self.assertEqual(ENDPOINTS.signed, [("AKIAS", "eu-west-1", "sts", ""), (
            given["key"], "eu-west-1", "es", given["token"])])

    def test_the_environment_knows_the_region_of_sts_better(self):
        self.run_status({"AWS_REGION": "eu-west-2"}, {})
        self.assertEqual([region for _, region, _, _ in ENDPOINTS.signed],
                         ["eu-west-2", "eu-west-1"])

    def test_why_there_are_none(self):
        done = self.run_status({}, {"sts": 403})
        self.assertEqual(done.returncode, 1)
        self.assertIn("could not be assumed: HTTP 403", done.stderr)
        self.assertNotIn("secret-of-S", done.stdout + done.stderr)


@unittest.skipUnless(os.environ.get("INDEXSWAP_TEST_MOTO_URL"), "there is no moto")
class SignedTest(unittest.TestCase):
    """An STS that checks signatures takes our request, and the next one with what it gave."""

    def choose(self, secret):
        profiles = "".join(
            f"[{name}]\nrole_arn = {set_ups.ROLE}session\nsource_profile = {source}\n"
            for name, source in (("one", "src"), ("two", "one")))
        profiles += (f"[src]\naws_access_key_id = {os.environ['INDEXSWAP_TEST_MOTO_KEY']}\n"
                     f"aws_secret_access_key = {secret}\n")
        with tempfile.TemporaryDirectory() as home:
            (pathlib.Path(home) / "credentials").write_text(profiles)
            return ours({
                "AWS_SHARED_CREDENTIALS_FILE": home + "/credentials", "AWS_PROFILE": "two",
                "AWS_REGION": "eu-west-2",
                "AWS_ENDPOINT_URL_STS": os.environ["INDEXSWAP_TEST_MOTO_URL"]})

    def test_a_chain_of_roles(self):
        found, error = self.choose(os.environ["INDEXSWAP_TEST_MOTO_SECRET"])
        self.assertTrue(found, error)
        self.assertTrue(found["key"].startswith("ASIA"), found["key"])

    def test_a_wrong_secret(self):
        found, error = self.choose("not the secret")
        self.assertIsNone(found)
        self.assertIn("SignatureDoesNotMatch", error)
        self.assertNotIn("not the secret", error)


if __name__ == "__main__":
    unittest.main()
