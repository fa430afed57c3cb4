"""A real S3 server on loopback for tests and for trying things out by hand: SeaweedFS, from its PyPI wheel.

`python -m tests.seaweed --port 8333 --dir /tmp/bucket-server` starts one and prints how to reach it.
"""

import argparse
import contextlib
import json
import signal
import socket
import subprocess
import sysconfig
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from types import TracebackType
from typing import Any, Self

START_TIMEOUT = 60.0
REGION = "us-east-1"

# Loopback needs no proxy, whatever the environment says.
_http = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True)
class Identity:
    """A key pair of the server, and what it may do."""

    name: str
    access_key: str
    secret_key: str
    actions: tuple[str, ...]

    def as_config(self) -> dict[str, Any]:
        """The identity as the server's configuration file wants it."""
        credentials = {"accessKey": self.access_key, "secretKey": self.secret_key}
        return {"name": self.name, "credentials": [credentials], "actions": list(self.actions)}


FULL = Identity(
    "full", "FULLACCESSKEY0000000", "full-access-secret-0123456789", ("Admin", "Read", "Write", "List", "Tagging")
)
READ_ONLY = Identity("reader", "READONLYKEY000000000", "read-only-secret-0123456789", ("Read", "List"))
WRITE_ONLY = Identity("writer", "WRITEONLYKEY00000000", "write-only-secret-0123456789", ("Write",))


class SeaweedServer:
    """One server process with its own data folder and free ports, reachable from this machine only."""

    def __init__(self, folder: Path, *, port: int | None = None) -> None:
        self.folder = folder
        names = ("s3", "s3_grpc", "filer", "filer_grpc", "master", "master_grpc", "volume", "volume_grpc")
        self._ports = dict(zip(names, _free_ports(len(names)), strict=True))
        if port is not None:
            self._ports["s3"] = port
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def endpoint_url(self) -> str:
        """Where the S3 API answers."""
        return f"http://127.0.0.1:{self._ports['s3']}"

    @property
    def process_id(self) -> int | None:
        """The server's process id while it runs."""
        return None if self._process is None else self._process.pid

    def start(self) -> None:
        """Start the server and return when it can take objects."""
        self.folder.mkdir(parents=True, exist_ok=True)
        identities = {"identities": [identity.as_config() for identity in (FULL, READ_ONLY, WRITE_ONLY)]}
        (self.folder / "identities.json").write_text(json.dumps(identities))
        with (self.folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                self._command(), cwd=self.folder, env={}, stdout=log, stderr=subprocess.STDOUT
            )
        try:
            self._await_ready()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop the server; its data stay in the folder."""
        if self._process is None:
            return
        # Asked to end, it waits 15 seconds for its own parts; its data survive either way.
        self._process.kill()
        self._process.wait()
        self._process = None

    def create_bucket(self, name: str) -> None:
        """Make a bucket; one that exists is left alone."""
        url = f"http://127.0.0.1:{self._ports['filer']}/buckets/{name}/"
        request = urllib.request.Request(url, method="POST")
        with _http.open(request, timeout=10):
            pass

    def unfinished_uploads(self, bucket: str) -> list[str]:
        """The multipart uploads of a bucket that were neither completed nor aborted."""
        url = f"http://127.0.0.1:{self._ports['filer']}/buckets/{bucket}/.uploads/"
        request = urllib.request.Request(url, headers={"Accept": "application/json"})
        try:
            with _http.open(request, timeout=10) as answer:
                return [entry["FullPath"] for entry in json.load(answer)["Entries"] or []]
        except urllib.error.HTTPError as error:
            if error.code == HTTPStatus.NOT_FOUND:
                return []
            raise

    def config(self, bucket: str, identity: Identity = FULL) -> dict[str, Any]:
        """What an `S3` destination needs to reach a bucket of this server."""
        return {
            "bucket_name": bucket,
            "region": REGION,
            "endpoint_url": self.endpoint_url,
            "aws_access_key_id": identity.access_key,
            "aws_secret_access_key": identity.secret_key,
        }

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _command(self) -> Sequence[str]:
        ports = self._ports
        weed = Path(sysconfig.get_path("scripts")) / "weed"
        return (
            str(weed), "server", "-dir=.", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-master.telemetry=false",
            f"-master.port={ports['master']}", f"-master.port.grpc={ports['master_grpc']}",
            "-master.volumeSizeLimitMB=256", "-volume.max=100", "-volume.preStopSeconds=0",
            f"-volume.port={ports['volume']}", f"-volume.port.grpc={ports['volume_grpc']}",
            "-filer", f"-filer.port={ports['filer']}", f"-filer.port.grpc={ports['filer_grpc']}",
            "-filer.localSocket=filer.sock",
            "-s3", f"-s3.port={ports['s3']}", f"-s3.port.grpc={ports['s3_grpc']}", "-s3.config=identities.json",
            "-s3.localSocket=s3.sock", "-s3.port.iceberg=0", "-s3.port.lance=0",
            "-s3.autoCreateBucket=false", "-s3.iam=false",
        )  # fmt: skip

    def _await_ready(self) -> None:
        deadline = time.monotonic() + START_TIMEOUT
        while not self._is_ready():
            if self._process is None or self._process.poll() is not None or time.monotonic() > deadline:
                tail = (self.folder / "server.log").read_text(errors="replace")[-2000:]
                raise RuntimeError(f"the S3 server did not start:\n{tail}")
            time.sleep(0.05)

    def _is_ready(self) -> bool:
        """Whether the gateway answers and a volume takes data, which it does a moment later."""
        assign = f"http://127.0.0.1:{self._ports['master']}/dir/assign"
        try:
            with _http.open(f"{self.endpoint_url}/healthz", timeout=2):
                pass
            with _http.open(assign, timeout=10) as answer:
                return "fid" in json.load(answer)
        except OSError:
            return False


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


@contextlib.contextmanager
def running_server(folder: Path, *, buckets: Sequence[str] = ()) -> Iterator[SeaweedServer]:
    """A started server with these buckets; stopped at the end."""
    with SeaweedServer(folder) as server:
        for bucket in buckets:
            server.create_bucket(bucket)
        yield server


def main() -> None:
    """Run a server until it is interrupted."""
    parser = argparse.ArgumentParser(description="Start an S3 server on this machine.")
    parser.add_argument("--port", type=int, default=8333)
    parser.add_argument("--dir", type=Path, required=True)
    parser.add_argument("--bucket", action="append", default=[])
    arguments = parser.parse_args()
    server = SeaweedServer(arguments.dir.absolute(), port=arguments.port)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with server, contextlib.suppress(KeyboardInterrupt):
        buckets = arguments.bucket or ["exports"]
        for bucket in buckets:
            server.create_bucket(bucket)
        print(json.dumps({**server.config(buckets[0]), "buckets": buckets}), flush=True)  # noqa: T201 - a program of its own
        signal.pause()


if __name__ == "__main__":
    main()
