"""RabbitMQ, as Debian packages it."""

import glob
import os
import pathlib
import shlex
import shutil
import signal
import socket
import subprocess

from jars import Unavailable
from processes import GuardedProcess
from server import Server


class RabbitMQ(Server):
    """One RabbitMQ node with an Erlang port mapper, cookie and configuration of its own; runs as root, too."""

    def __init__(self, config=None, advanced_config=None, management=False):
        """`config` is {"consumer_timeout": 5000}; `advanced_config` the text of an advanced.config."""
        super().__init__()
        self._config = dict(config or {})
        self._advanced_config = advanced_config
        self._management = management
        self._epmd = None
        self._sbin = None
        self._port = self._management_port = self._env = None

    @property
    def url(self):
        return self.amqp_url

    @property
    def amqp_url(self):
        return f"amqp://guest:guest@127.0.0.1:{self._port}/"

    @property
    def management_url(self):
        return f"http://127.0.0.1:{self._management_port}"

    def rabbitmqctl(self, *args):
        """Runs rabbitmqctl and returns what it prints; fails with its message in the exception."""
        done = subprocess.run([self._ctl, *map(str, args)], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"rabbitmqctl {shlex.join(map(str, args))}: {done.stdout}{done.stderr}")
        return done.stdout

    def environment(self):
        return {"INDEXSWAP_TEST_RABBITMQCTL": str(self._ctl)}

    def prepare(self):
        # Not the ones on PATH: those change the user.
        found = glob.glob("/usr/lib/rabbitmq/lib/rabbitmq_server-*/sbin")
        if not found or not shutil.which("epmd"):
            raise Unavailable("RabbitMQ isn't installed (scripts/setup test)")
        self._sbin = pathlib.Path(sorted(found)[-1])

    @property
    def _ctl(self):
        return self._folder / "rabbitmqctl"

    def _configure(self):
        self._port = self._take_ports()
        plugins = []
        if self._management:
            self._management_port = self._take_ports()
            self._config["management.tcp.port"] = self._management_port
            self._config["management.tcp.ip"] = "127.0.0.1"
            plugins = ["rabbitmq_management"]
        self._env = self._make_environment()
        settings = "".join(f"{key} = {value}\n" for key, value in self._config.items())
        self._write("rabbitmq.conf", settings)
        self._write("advanced.config", self._advanced_config or "[].\n")
        self._write("enabled_plugins", f"[{','.join(plugins)}].\n")
        self._write("rabbitmq-env.conf", "")  # instead of the system's
        self._write("home/.erlang.cookie", "indexswaptest", mode=0o400)
        exports = "".join(
            f"export {key}={shlex.quote(value)}\n"
            for key, value in self._env.items()
            if key == "HOME" or key.startswith(("RABBITMQ_", "ERL_"))
        )
        self._write("rabbitmqctl", f'#!/bin/sh\n{exports}exec {self._sbin}/rabbitmqctl "$@"\n', mode=0o700)

    def _make_environment(self):
        loopback = "-kernel inet_dist_use_interface {127,0,0,1}"
        own = {
            "HOME": "home",
            "RABBITMQ_MNESIA_BASE": "mnesia",
            "RABBITMQ_LOG_BASE": "log",
            "RABBITMQ_SCHEMA_DIR": "schema",
            "RABBITMQ_GENERATED_CONFIG_DIR": "generated",
            "RABBITMQ_PID_FILE": "pid",
            "RABBITMQ_ENABLED_PLUGINS_FILE": "enabled_plugins",
            "RABBITMQ_CONFIG_FILE": "rabbitmq.conf",
            "RABBITMQ_ADVANCED_CONFIG_FILE": "advanced.config",
            "RABBITMQ_CONF_ENV_FILE": "rabbitmq-env.conf",
        }
        inherited = {
            key: value
            for key, value in os.environ.items()
            if not key.startswith(("RABBITMQ_", "ERL_")) and key != "NOTIFY_SOCKET"
        }
        return {
            **inherited,
            **{key: str(self._folder / name) for key, name in own.items()},
            "LC_ALL": "C.UTF-8",
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "ERL_EPMD_PORT": str(self._take_ports()),
            "RABBITMQ_NODENAME": f"indexswap-{self._port}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self._port),
            "RABBITMQ_DIST_PORT": str(self._take_ports()),
            # The schedulers don't spin for work: the tests need the processor.
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": loopback + " +sbwt none +sbwtdcpu none +sbwtdio none",
            "RABBITMQ_CTL_ERL_ARGS": loopback,
        }

    def _write(self, name, text, mode=0o600):
        path = self._folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        path.chmod(mode)

    def _launch(self):
        if self._epmd is None:  # else the server would start one that nobody owns
            self._epmd = GuardedProcess(["epmd"], self._env, self._folder / "epmd.log", self._folder / "epmd.log")
        return self._spawn([self._sbin / "rabbitmq-server"], self._env)

    def _answers(self):
        """Whether it greets. The listener is the last that RabbitMQ starts."""
        try:
            with socket.create_connection(("127.0.0.1", self._port), timeout=5) as connection:
                connection.sendall(b"AMQP\x00\x00\x09\x01")
                return connection.recv(1) == b"\x01"
        except OSError:
            return False

    def close(self):
        super().close()
        if os.getpid() == self._owner and self._epmd is not None:
            self._epmd.end(signal.SIGKILL)
            self._epmd = None
