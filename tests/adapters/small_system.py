"""A system of two small services for the supervisor's tests: `small_system.py FOLDER [WISH...]`.

Wishes: `drive=N` adds a driver that ends with exit code N, or never with `drive=on`; `port=N` asks
for a port for `alpha`; `stop=S` gives processes S seconds to end; `broken` makes `beta` end at
once; `unprepared` makes the preparation fail.
"""

import signal
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

from deploy.embedded.children import EmbeddedFailure
from deploy.embedded.forked import ProcessSpec
from deploy.embedded.supervisor import Supervisor
from deploy.embedded.system import Addresses, System, http_ready


class _Ready(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        return


def _serve(port: int) -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with HTTPServer(("127.0.0.1", port), _Ready) as server:
        server.serve_forever()


def _system(folder: Path, wishes: dict[str, str]) -> System:
    def processes(addresses: Addresses) -> list[ProcessSpec]:
        alpha, beta = addresses.ports["alpha"], addresses.ports["beta"]
        return [
            ProcessSpec("alpha", lambda: _serve(alpha), ready=lambda: http_ready(alpha)),
            ProcessSpec(
                "beta",
                (lambda: sys.exit("no beta today")) if "broken" in wishes else lambda: _serve(beta),
                ready=lambda: http_ready(beta),
            ),
        ]

    def driver(addresses: Addresses) -> ProcessSpec:
        def drive() -> None:
            print("driven with", addresses.bootstrap_servers, flush=True)
            if wishes["drive"] == "on":
                signal.pause()
            sys.exit(int(wishes["drive"]))

        return ProcessSpec("driver", drive)

    def prepare(addresses: Addresses) -> None:
        print("prepared for", addresses.dsn())
        if "unprepared" in wishes:
            raise EmbeddedFailure("there is no room")

    return System(
        name="small",
        folder=folder,
        processes=processes,
        ports={"alpha": int(wishes["port"]) if "port" in wishes else None, "beta": None},
        prepare=prepare,
        driver=driver if "drive" in wishes else None,
        durable=False,
        ready_seconds=20,
        stop_seconds=float(wishes.get("stop", "10")),
    )


if __name__ == "__main__":
    given = dict(wish.partition("=")[::2] for wish in sys.argv[2:])
    try:
        sys.exit(Supervisor(_system(Path(sys.argv[1]), given)).run())
    except EmbeddedFailure as failure:
        sys.exit(str(failure))
