#!/usr/bin/python3
"""Real servers for tests, on free loopback ports: OpenSearch, Elasticsearch, RabbitMQ, SQS.

As a module:

    with servers.OpenSearch("2.19.1") as opensearch:
        urllib.request.urlopen(opensearch.url)

A server is start()ed (ready when that returns), stop()ped (SIGTERM), kill()ed (SIGKILL) and start()ed again on the same
ports and data as often as one likes; close() ends it and removes its data. It never outlives this process.

As a command (run `servers.py --help`):

    servers.py run opensearch-2.19 rabbitmq -- COMMAND   # with INDEXSWAP_TEST_OPENSEARCH_2_19_URL, …_AMQP_URL set
"""

import argparse
import concurrent.futures
import json
import os
import signal
import subprocess
import sys
import time

from jars import Unavailable
from rabbitmq_server import RabbitMQ
from search_server import Elasticsearch, ElasticsearchArchive, OpenSearch
from sqs_server import ElasticMQ, Moto

__all__ = [
    "SERVERS", "ElasticMQ", "Elasticsearch", "Moto", "OpenSearch", "RabbitMQ", "Unavailable", "start_all", "variable",
]  # fmt: skip

# Name on the command line → the server. Its variable is INDEXSWAP_TEST_<NAME>_URL; RabbitMQ's is …_AMQP_URL.
# Several nodes stand in …_URLS as well, separated by commas.
SERVERS = {
    "opensearch-1.3": lambda **options: OpenSearch("1.3.13", brief=True, **options),
    "opensearch-2.11": lambda **options: OpenSearch("2.11.1", brief=True, **options),
    "opensearch-2.19": lambda **options: OpenSearch("2.19.1", **options),
    "opensearch-2.19-3": lambda **options: OpenSearch(
        "2.19.1", nodes=3, heap="1g", brief=True, **options
    ),
    "opensearch-3.8": lambda **options: OpenSearch(
        "3.8.0", heap="768m", java=21, brief=True, **options
    ),
    "elasticsearch-7.10": lambda **options: Elasticsearch("7.10.2", **options),
    "elasticsearch-7.17": lambda **options: ElasticsearchArchive("7.17.28", brief=True, **options),
    "elasticsearch-8.18": lambda **options: ElasticsearchArchive("8.18.0", brief=True, **options),
    "rabbitmq": lambda settings=None: RabbitMQ(config=settings),
    "elasticmq": ElasticMQ,
    "moto": Moto,
}
# Not every machine can have these: under CI, too, they may be missing, loudly.
OPTIONAL = {"opensearch-3.8", "elasticsearch-7.17", "elasticsearch-8.18"}
# What `run` ends with, its command not run, if it was only about some of those and has none.
SKIPPED = 77


def variable(name):
    """The environment variable in which a command finds the URL of the named server."""
    word = "AMQP" if name == "rabbitmq" else name.upper().replace("-", "_").replace(".", "_")
    return f"INDEXSWAP_TEST_{word}_URL"


def start_all(named, method="start"):
    """Starts all servers of {name: server} at the same time; returns {name: why it can't be had}."""
    failed = {}
    with concurrent.futures.ThreadPoolExecutor(max(1, len(named))) as pool:
        started = {name: pool.submit(getattr(server, method)) for name, server in named.items()}
    for name, future in started.items():
        try:
            future.result()
        except (Unavailable, OSError) as error:
            failed[name] = str(error)
    return failed


def _complain(failed):
    for name, reason in failed.items():
        print(f"\n*** NOT TESTED: whatever needs {name}: {reason}\n", file=sys.stderr, flush=True)


def _environment(named):
    env = {}
    for name, server in named.items():
        env[variable(name)] = server.url
        if len(urls := getattr(server, "urls", [])) > 1:
            env[variable(name) + "S"] = ",".join(urls)
        env.update(server.environment())
    return env


def _run(named, command):
    failed = start_all(named)
    _complain(failed)
    if set(failed) - OPTIONAL and os.environ.get("CI") == "true":
        return 1
    if set(failed) == set(named) and set(named) <= OPTIONAL:
        return SKIPPED
    env = {key: value for key, value in os.environ.items() if key not in map(variable, SERVERS)}
    env.update(_environment({name: server for name, server in named.items() if name not in failed}))
    try:
        child = subprocess.Popen(command, env=env)
    except OSError as error:
        print(f"servers.py: {error}", file=sys.stderr)
        return 127
    try:
        code = child.wait()
    except BaseException:
        child.terminate()
        child.wait()
        raise
    return code if code >= 0 else 128 - code


def _start(name, server):
    failed = start_all({name: server})
    _complain(failed)
    if failed:
        return 1
    facts = {"name": name, "url": server.url, "pid": server.pid, "env": _environment({name: server})}
    print(json.dumps(facts), flush=True)
    while server.running():
        time.sleep(0.5)
    print(f"servers.py: {name} ended by itself:\n{server.log_tail()}", file=sys.stderr)
    return 1


def _parse(argv):
    parser = argparse.ArgumentParser(description="Starts real servers for tests, on loopback.")
    commands = parser.add_subparsers(dest="action", required=True)
    run = commands.add_parser("run", help="start servers, run a command beside them (after --), stop them")
    start = commands.add_parser("start", help="start one server, print one line of JSON, stop it at SIGINT or SIGTERM")
    get = commands.add_parser("fetch", help="only download what the servers need (without names: of all)")
    run.add_argument("names", nargs="+", choices=SERVERS, metavar="NAME", help=", ".join(SERVERS))
    start.add_argument("names", nargs=1, choices=SERVERS, metavar="NAME", help=", ".join(SERVERS))
    get.add_argument("names", nargs="*", metavar="NAME", help=", ".join(SERVERS))
    for action in (run, start):
        action.add_argument("--set", action="append", default=[], metavar="NAME:KEY=VALUE", help="a server's setting")
    cut = argv.index("--") if "--" in argv else len(argv)
    options = parser.parse_args(argv[:cut])
    options.command = argv[cut + 1 :]
    if (options.action == "run") != bool(options.command):
        parser.error("run, and only run, takes a command after --")
    if unknown := set(options.names) - set(SERVERS):
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    return parser, options


def _named(parser, options):
    settings = {name: {} for name in options.names or SERVERS}
    for setting in getattr(options, "set", []):
        name, colon, rest = setting.partition(":")
        key, equals, value = rest.partition("=")
        if not colon or not equals or name not in settings:
            parser.error(f"--set {setting}: not NAME:KEY=VALUE with one of the servers that are started")
        settings[name][key] = value
    return {name: SERVERS[name](settings=settings[name]) for name in settings}


def main(argv):
    parser, options = _parse(argv)
    named = _named(parser, options)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        if options.action == "fetch":
            failed = start_all(named, "prepare")
            _complain(failed)
            return 1 if failed else 0
        if options.action == "run":
            return _run(named, options.command)
        return _start(*next(iter(named.items())))
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    finally:
        for server in named.values():
            server.close()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
