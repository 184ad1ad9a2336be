"""Set-ups of an AWS environment, and what both botocore and syncd must choose in each.

`None`: both fail. {sts}, {container}, {instance} and {home} stand for addresses and a folder.
"""

import dataclasses

from stand_ins import container_story, issued, role_story

ROLE = "arn:aws:iam::123456789012:role/"
ENV = {"AWS_ACCESS_KEY_ID": "AKIAENV", "AWS_SECRET_ACCESS_KEY": "env-secret"}
WEB = {"AWS_WEB_IDENTITY_TOKEN_FILE": "{home}/jwt", "AWS_ROLE_ARN": ROLE + "web"}
JWT = {"jwt": "the-jwt"}
RELATIVE = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"
FULL = "AWS_CONTAINER_CREDENTIALS_FULL_URI"
BEARER, BEARER_FILE = "AWS_CONTAINER_AUTHORIZATION_TOKEN", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"
OFF = {"AWS_EC2_METADATA_DISABLED": "true"}
WORK = {"AWS_PROFILE": "work"}
INSTANCE = issued("instance")


@dataclasses.dataclass(frozen=True)
class SetUp:
    name: str
    want: dict | None
    env: dict = dataclasses.field(default_factory=dict)
    credentials: str = ""
    config: str = ""
    files: dict = dataclasses.field(default_factory=dict)
    refuse: dict = dataclasses.field(default_factory=dict)
    answers: dict = dataclasses.field(default_factory=dict)
    without: tuple = ()  # variables of the test itself


def keys(name, token=""):
    """What a profile with these keys gives."""
    return {"key": "AKIA" + name, "secret": f"secret-of-{name}", "token": token}


def section(title, name="", token="", **more):
    """A section of a file, with keys of this name, and more."""
    text = [f"[{title}]"]
    if name:
        text += [f"aws_access_key_id = AKIA{name}", f"aws_secret_access_key = secret-of-{name}"]
    if token:
        text.append(f"aws_session_token = {token}")
    return "\n".join(text + [f"{key} = {value}" for key, value in more.items()]) + "\n"


def role(name, caller, **form):
    """What the role gives to the caller."""
    return issued(role_story(caller["key"], caller["token"], Action="AssumeRole",
                             RoleArn=ROLE + name, **form))


def web(name, token="the-jwt", **form):
    return issued(role_story("nobody", "", Action="AssumeRoleWithWebIdentity", RoleArn=ROLE + name,
                             WebIdentityToken=token, **form))


def container(path, token=""):
    return issued(container_story(path, token))


def assuming(title, name, source, **more):
    return section(title, role_arn=ROLE + name, source_profile=source, **more)


VARIABLES = (
    SetUp("nothing at all", INSTANCE),
    SetUp("nothing, and no instance", None, OFF),
    SetUp("no instance, in capitals", None, {"AWS_EC2_METADATA_DISABLED": "TRUE"}),
    SetUp("keys", {"key": "AKIAENV", "secret": "env-secret", "token": ""}, ENV),
    SetUp("keys with a token", {"key": "AKIAENV", "secret": "env-secret", "token": "t"},
          ENV | {"AWS_SESSION_TOKEN": "t"}),
    SetUp("a key without its secret", None, {"AWS_ACCESS_KEY_ID": "AKIAENV"},
          section("default", "F")),
    SetUp("a secret without its key", keys("F"), {"AWS_SECRET_ACCESS_KEY": "s"},
          section("default", "F")),
    SetUp("a key without its secret, which is empty", None, ENV | {"AWS_SECRET_ACCESS_KEY": ""}),
    SetUp("an empty key", INSTANCE, ENV | {"AWS_ACCESS_KEY_ID": ""}),
    SetUp("keys before a profile", {"key": "AKIAENV", "secret": "env-secret", "token": ""},
          ENV | WORK, section("work", "W")),
    SetUp("keys, and a profile that is not there", None, ENV | WORK, section("default", "F")),
    SetUp("keys before everything else", {"key": "AKIAENV", "secret": "env-secret", "token": ""},
          ENV | WEB | {RELATIVE: "/r"}, section("default", "F"), files=JWT),
    SetUp("keys that end", {"key": "AKIAENV", "secret": "env-secret", "token": ""},
          ENV | {"AWS_CREDENTIAL_EXPIRATION": "2099-01-01T00:00:00Z"}),
    SetUp("keys that have ended", None,
          ENV | {"AWS_CREDENTIAL_EXPIRATION": "2020-01-01T00:00:00Z"}),
)

PROFILES = (
    SetUp("default", keys("F"), credentials=section("default", "F")),
    SetUp("a chosen one", keys("W", "t"), WORK,
          section("default", "F") + section("work", "W", "t")),
    SetUp("one that is not there", None, WORK, section("default", "F")),
    SetUp("of the config file", keys("C"), WORK, config=section("profile work", "C")),
    SetUp("its section without `profile`", None, WORK, config=section("work", "C")),
    SetUp("the credentials file goes first", keys("F"), {}, section("default", "F"),
          section("default", "C", "t")),
    SetUp("a key without its secret, which is in the other file", None, {},
          "[default]\naws_access_key_id = AKIAF\n", section("default", "C")),
    SetUp("a secret without its key", keys("C"), {}, "[default]\naws_secret_access_key = s\n",
          section("default", "C")),
    SetUp("files elsewhere", keys("E"), {"AWS_SHARED_CREDENTIALS_FILE": "{home}/elsewhere"},
          section("default", "F"), files={"elsewhere": section("default", "E")}),
    SetUp("config elsewhere", keys("E"), {"AWS_CONFIG_FILE": "{home}/elsewhere"},
          config=section("default", "C"), files={"elsewhere": section("default", "E")}),
    SetUp("comments, and a quoted name", keys("Q"), {"AWS_PROFILE": "two words"},
          config="# one\n; two\n" + section('profile "two words"', "Q") + "# three\n"),
    SetUp("keys before container and instance", keys("F"), {RELATIVE: "/r"},
          section("default", "F")),
    SetUp("single sign-on, before its keys", None, {}, "",
          section("default", "C", sso_account_id=1, sso_role_name="x", sso_region="eu-west-2",
                  sso_start_url="https://example.com/")),
)

ROLES = (
    SetUp("of keys", role("a", keys("S")), WORK, section("src", "S"),
          assuming("profile work", "a", "src")),
    SetUp("with all that can be said", role("a", keys("S", "t"), RoleSessionName="me@here",
                                            ExternalId="x=1&y", DurationSeconds="1800"),
          WORK, section("src", "S", "t"),
          assuming("profile work", "a", "src", role_session_name="me@here", external_id="x=1&y",
                   duration_seconds=1800)),
    SetUp("a chain of three", role("c", role("b", role("a", keys("S")))), WORK,
          section("src", "S"), assuming("profile one", "a", "src")
          + assuming("profile two", "b", "one") + assuming("profile work", "c", "two")),
    SetUp("all in the credentials file", role("a", keys("S")), {},
          section("src", "S") + assuming("default", "a", "src")),
    SetUp("half in one file, half in the other", role("a", keys("S")), {},
          "[default]\nrole_arn = " + ROLE + "a\n", section("default", source_profile="src")
          + section("profile src", "S")),
    SetUp("of its own keys", role("a", keys("S")), WORK, "",
          assuming("profile work", "a", "work", aws_access_key_id="AKIAS",
                   aws_secret_access_key="secret-of-S")),
    SetUp("before its own keys", role("a", keys("S")), WORK,
          section("work", "W") + section("src", "S"), assuming("profile work", "a", "src")),
    SetUp("the source's keys before its role", role("b", keys("S")), WORK, section("other", "O"),
          assuming("profile src", "a", "other", aws_access_key_id="AKIAS",
                   aws_secret_access_key="secret-of-S") + assuming("profile work", "b", "src")),
    SetUp("the source has half a key", None, WORK, "[src]\naws_access_key_id = AKIAS\n",
          assuming("profile work", "a", "src")),
    SetUp("the source has nothing", None, WORK, "[src]\n", assuming("profile work", "a", "src")),
    SetUp("the source is not there", None, WORK, config=assuming("profile work", "a", "src")),
    SetUp("the source has a web identity", role("b", web("w")), WORK,
          config=assuming("profile work", "b", "src") + section(
              "profile src", role_arn=ROLE + "w", web_identity_token_file="{home}/jwt"), files=JWT),
    SetUp("of itself", None, WORK, config=assuming("profile work", "a", "work")),
    SetUp("a circle", None, WORK, config=assuming("profile work", "a", "two")
          + assuming("profile two", "b", "work")),
    SetUp("two sources", None, WORK, section("src", "S"),
          assuming("profile work", "a", "src", credential_source="Ec2InstanceMetadata")),
    SetUp("no source", None, WORK, section("work", "W", role_arn=ROLE + "a")),
    SetUp("of the instance", role("a", INSTANCE), WORK, config=section(
        "profile work", role_arn=ROLE + "a", credential_source="Ec2InstanceMetadata")),
    SetUp("of the instance, which is off", None, WORK | OFF, config=section(
        "profile work", role_arn=ROLE + "a", credential_source="Ec2InstanceMetadata")),
    SetUp("of the container", role("a", container("/r")), WORK | {RELATIVE: "/r"}, config=section(
        "profile work", role_arn=ROLE + "a", credential_source="EcsContainer")),
    SetUp("of the container, where there is none", None, WORK, config=section(
        "profile work", role_arn=ROLE + "a", credential_source="EcsContainer")),
    SetUp("of variables that are not set", None, WORK, config=section(
        "profile work", role_arn=ROLE + "a", credential_source="Environment")),
    SetUp("of an unknown source", None, WORK, config=section(
        "profile work", role_arn=ROLE + "a", credential_source="ec2instancemetadata")),
    SetUp("refused", None, WORK, section("src", "S", "a-token"),
          assuming("profile work", "forbidden", "src")),
    SetUp("STS out of order", None, WORK, section("src", "S"),
          assuming("profile work", "a", "src"), refuse={"sts": 500}),
    SetUp("STS talks nonsense", None, WORK, section("src", "S"),
          assuming("profile work", "a", "src"), answers={"sts": "<html>welcome</html>"}),
    SetUp("with a code that nobody types", None, WORK, section("src", "S"),
          assuming("profile work", "a", "src", mfa_serial="arn:aws:iam::1:mfa/me")),
    SetUp("the region of the profile", role("a", keys("S")), WORK, section("src", "S"),
          assuming("profile work", "a", "src", region="eu-west-1"),
          without=("AWS_DEFAULT_REGION",)),
    SetUp("no region anywhere", None, WORK, section("src", "S"),
          assuming("profile work", "a", "src"), without=("AWS_DEFAULT_REGION",)),
    SetUp("STS by the variable for all services", role("a", keys("S")),
          WORK | {"AWS_ENDPOINT_URL": "{sts}"}, section("src", "S"),
          assuming("profile work", "a", "src"), without=("AWS_ENDPOINT_URL_STS",)),
    SetUp("STS by the profile", role("a", keys("S")), WORK, section("src", "S"),
          assuming("profile work", "a", "src", endpoint_url="{sts}"),
          without=("AWS_ENDPOINT_URL_STS",)),
)

WEB_IDENTITIES = (
    SetUp("in variables", web("web"), WEB, files=JWT),
    SetUp("in variables, named", web("web", RoleSessionName="pod-1"),
          WEB | {"AWS_ROLE_SESSION_NAME": "pod-1"}, files=JWT),
    SetUp("without a role", None, {"AWS_WEB_IDENTITY_TOKEN_FILE": "{home}/jwt"}, files=JWT),
    SetUp("a role without a token", INSTANCE, {"AWS_ROLE_ARN": ROLE + "web"}),
    SetUp("its file is not there", None, WEB),
    SetUp("refused", None, WEB | {"AWS_ROLE_ARN": ROLE + "forbidden"}, files=JWT),
    SetUp("in the profile", web("p", RoleSessionName="me"), WORK, config=section(
        "profile work", role_arn=ROLE + "p", role_session_name="me",
        web_identity_token_file="{home}/jwt"), files=JWT),
    SetUp("token in a variable, role in the profile", web("p"),
          WORK | {"AWS_WEB_IDENTITY_TOKEN_FILE": "{home}/jwt"}, config=section(
              "profile work", role_arn=ROLE + "p", web_identity_token_file="{home}/nothing"),
          files=JWT),
    SetUp("before the profile's keys", web("web"), WEB, section("default", "F"), files=JWT),
    SetUp("after the profile's role", role("a", keys("S")), WEB | WORK, section("src", "S"),
          assuming("profile work", "a", "src"), files=JWT),
)

CONTAINERS = (
    SetUp("by a path", container("/v2/credentials/1?a=b"), {RELATIVE: "/v2/credentials/1?a=b"}),
    SetUp("by an address", container("/x"), {FULL: "{container}/x"}),
    SetUp("by a name of this machine", container("/x"), {FULL: "{container_by_name}/x"}),
    SetUp("with a token", container("/x", "Bearer 1"),
          {FULL: "{container}/x", BEARER: "Bearer 1"}),
    SetUp("with a token in a file", container("/x", "Bearer 2"), {
        FULL: "{container}/x", BEARER: "Bearer 1", BEARER_FILE: "{home}/bearer"},
        files={"bearer": "Bearer 2"}),
    SetUp("its token's file is not there", None, {
        FULL: "{container}/x", BEARER: "Bearer 1", BEARER_FILE: "{home}/bearer"}),
    SetUp("its token has two lines", None, {FULL: "{container}/x", BEARER_FILE: "{home}/bearer"},
          files={"bearer": "Bearer 2\nX-Other: 1"}),
    SetUp("a path goes before an address", container("/r", "Bearer 1"),
          {RELATIVE: "/r", FULL: "{container}/x", BEARER: "Bearer 1"}),
    SetUp("somebody else's address", None, {FULL: "http://192.0.2.1/x"}),
    SetUp("somebody else's name", None, {FULL: "http://localhost.example.com/x"}),
    SetUp("somebody else behind ours", None, {FULL: "http://127.0.0.1@192.0.2.1/x"}),
    SetUp("ours in another spelling", None, {FULL: "http://2130706433/x"}),
    SetUp("no URL", None, {FULL: "127.0.0.1/x"}),
    SetUp("refuses", None, {RELATIVE: "/r"}, refuse={"container": 403}),
    SetUp("sends half of it", None, {RELATIVE: "/r"},
          answers={"container": '{"AccessKeyId": "A", "SecretAccessKey": "B"}'}),
    SetUp("sends no JSON", None, {RELATIVE: "/r"}, answers={"container": "welcome"}),
)

INSTANCES = (
    SetUp("by an address in the profile", INSTANCE, WORK, config=section(
        "profile work", ec2_metadata_service_endpoint="{instance}"),
        without=("AWS_EC2_METADATA_SERVICE_ENDPOINT",)),
    SetUp("without a role", None, refuse={"instance": 404}),
    SetUp("out of order", None, refuse={"instance": 500}),
    SetUp("whose role is not trusted", None, answers={
        "instance": '{"Code": "AssumeRoleUnauthorizedAccess", "Message": "EC2 cannot assume"}'}),
    SetUp("nobody there", None, {"AWS_EC2_METADATA_SERVICE_ENDPOINT": "http://127.0.0.1:9"}),
    SetUp("no URL", None, {"AWS_EC2_METADATA_SERVICE_ENDPOINT": "not a url"}),
)

ALL = {"variables": VARIABLES, "profiles": PROFILES, "roles": ROLES,
       "web identities": WEB_IDENTITIES, "containers": CONTAINERS, "instances": INSTANCES}
