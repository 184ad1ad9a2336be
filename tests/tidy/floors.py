"""Which folder may include what: model ◄ ports ◄ engine ◄ stores ◄ syncd."""

import dataclasses
import re

from tree import CPP

# Nothing of a store, a broker, a log or a file format.
FOREIGN = ("curl/", "sqlite3", "boost/", "openssl/", "amqp", "rabbitmq-c/", "spdlog", "httplib",
           "toml", "CLI/")
ENGINE = ("indexswap/engine/", "indexswap/engine.h")
OPENSEARCH = ("indexswap/opensearch/", "indexswap/opensearch.h", "indexswap/http/")
SQLITE = ("indexswap/sqlite/", "indexswap/sqlite.h")
INNER = ("indexswap/model/", "indexswap/engine/", "indexswap/json/", "indexswap/query/",
         "indexswap/http/", "indexswap/opensearch/", "indexswap/sqlite/", "indexswap/testing/")
CONCRETE = ("indexswap/opensearch.h", "indexswap/sqlite.h", "syncd/sources/amqp.h",
            "syncd/sources/ndjson.h", "syncd/sources/sqs.h")


@dataclasses.dataclass(frozen=True)
class Rule:
    folders: tuple         # it holds for these folders …
    forbidden: tuple       # … which include nothing that begins like this …
    reason: str
    allowed: tuple = ()    # … but for these
    excepted: tuple = ()   # … and it does not hold for these files and folders


RULES = (
    Rule(("include/indexswap/", "lib/indexswap/model/", "lib/indexswap/engine/"), FOREIGN,
         "interface, model and engine know no server, no file format and no log"),
    Rule(("include/indexswap/",), INNER, "a public header includes public headers only"),
    Rule(("lib/indexswap/model/",), ENGINE + OPENSEARCH + SQLITE + INNER,
         "the model is values and pure decisions",
         allowed=("indexswap/model/", "indexswap/json/canonical.h")),
    Rule(("lib/indexswap/engine/",), OPENSEARCH + SQLITE, "the engine knows stores by their port"),
    Rule(("lib/indexswap/json/", "lib/indexswap/query/", "lib/indexswap/http/"),
         ENGINE + SQLITE + ("indexswap/opensearch",), "what stores share knows no store"),
    Rule(("lib/indexswap/opensearch/",), SQLITE + ENGINE, "stores don't see each other"),
    Rule(("lib/indexswap/sqlite/",), OPENSEARCH + ENGINE, "stores don't see each other"),
    Rule(("include/", "lib/"), ("syncd/",), "the library doesn't know the daemon"),
    Rule(("include/", "lib/", "app/"), ("indexswap/testing/",),
         "production code includes nothing of the tests", excepted=("lib/indexswap/testing/",)),
    Rule(("app/",), INNER, "the daemon uses the library's public interface only",
         excepted=("app/syncd/aws/",)),
    Rule(("app/syncd/aws/",), ("indexswap/", "syncd/"),
         "credentials know settings and HTTP, neither store nor source",
         allowed=("syncd/aws/", "indexswap/aws.h", "indexswap/http/transport.h")),
    Rule(("app/syncd/sources/",), ("indexswap/", "syncd/"),
         "a source knows neither store nor read model",
         allowed=("syncd/sources/", "indexswap/aws.h")),
    Rule(("app/syncd/config/",), ("syncd/",), "configuration is the ground floor of the daemon",
         allowed=("syncd/config/",)),
    Rule(("app/syncd/plan/",), ("syncd/",), "a plan is values", allowed=("syncd/plan/",)),
    Rule(("app/syncd/readmodel/",), ("indexswap/", "syncd/"),
         "the read model knows neither sources nor the store",
         allowed=("syncd/readmodel/", "syncd/plan/")),
    Rule(("app/syncd/sync/",), ("syncd/cli/", "syncd/http/"), "a run doesn't know who started it"),
    Rule(("app/syncd/doctor/",), ("syncd/cli/", "syncd/daemon/", "syncd/wiring.h"),
         "the doctor looks through ports"),
    Rule(("app/",), CONCRETE, "only wiring.cc names concrete stores and sources",
         excepted=("app/syncd/wiring.cc", "app/syncd/sources/")),
)

_INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]')

# The library reports to an Observer.
_WORLD = re.compile(
    r"\b(?:secure_)?getenv\s*\(|\bsetenv\s*\(|\bsignal\s*\(|\bsigaction\b|\bspdlog\b"
    r"|\bstd::(?:cout|cerr|clog)\b|(?<![\w.>])(?:std::)?(?:v?printf|puts|putchar)\s*\("
    r"|\bv?fprintf\s*\(\s*(?:stdout|stderr)\b|\babsl::PrintF\s*\(|\bf(?:puts|write)\s*\([^;]*"
    r"\bstd(?:out|err)\b")


def includes(tree):
    """Includes that go against a rule."""
    offences = []
    for path in tree.matching(CPP, ("include/", "lib/", "app/")):
        for number, line in enumerate(tree.text(path).split("\n"), 1):
            found = _INCLUDE.match(line)
            if not found:
                continue
            for rule in RULES:
                if (path.startswith(rule.folders) and not path.startswith(rule.excepted or ("\0",))
                        and found[1].startswith(rule.forbidden)
                        and not found[1].startswith(rule.allowed or ("\0",))):
                    offences.append(f"{path}:{number}: includes {found[1]}: {rule.reason}")
                    break
    return offences


def outside_world(tree):
    """Places where the library logs, prints, reads the environment or handles signals."""
    offences = []
    for path in tree.matching(CPP, ("include/", "lib/")):
        for number, line in enumerate(tree.code(path).split("\n"), 1):
            found = _WORLD.search(line)
            if found:
                offences.append(f"{path}:{number}: {found[0]}: the library neither logs, nor reads "
                                "the environment, nor handles signals; report to the Observer")
    return offences
