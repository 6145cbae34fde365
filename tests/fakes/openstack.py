"""A small OpenStack: Keystone v3, Nova and Glance, as far as machines are concerned; strict about tokens.

Its catalogue names the address it is told to, so that a catalogue that leads inside can be tried.
"""

import json
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass
class OpenStack:
    """`catalogue`: where it says its services are. `fails`: a status for the next call that creates a machine."""

    host: str
    password: str = "right"
    catalogue: str = ""
    fails: list[int] = field(default_factory=list)
    servers: dict[str, dict[str, Any]] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)


@contextmanager
def openstack() -> Iterator[OpenStack]:
    """Serve while the block runs."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def take(self) -> None:
            path, asked = urlsplit(self.path).path, parse_qs(urlsplit(self.path).query)
            length = int(self.headers.get("Content-Length") or 0)
            sent = json.loads(self.rfile.read(length) or b"{}")
            cloud.requests.append(f"{self.command} {path}")
            if path == "/v3/auth/tokens":
                return self.log_in(sent)
            if self.headers.get("X-Auth-Token") != "a-token":
                return self.say(401, {"error": {"message": "secret words"}})
            return self.serve(path.removeprefix("/compute"), asked, sent)

        def log_in(self, sent: dict[str, Any]) -> None:
            user = sent["auth"]["identity"]["password"]["user"]
            if user["password"] != cloud.password:
                return self.say(401, {"error": {"message": "secret words"}})
            at = cloud.catalogue or f"http://{cloud.host}"
            services = [("compute", "nova", "/compute"), ("image", "glance", "/image"), ("network", "neutron", "/net")]
            token = {
                "expires_at": "2099-01-01T00:00:00.000000Z",
                "issued_at": "2026-01-01T00:00:00.000000Z",
                "user": {"id": "u", "name": "u", "domain": {"id": "default", "name": "Default"}},
                "roles": [],
                "catalog": [
                    {
                        "type": kind,
                        "name": name,
                        "id": name,
                        "endpoints": [
                            {
                                "id": name,
                                "interface": "public",
                                "region": "RegionOne",
                                "region_id": "RegionOne",
                                "url": at + path,
                            }
                        ],
                    }
                    for kind, name, path in services
                ],
            }
            return self.say(201, {"token": token}, **{"X-Subject-Token": "a-token"})

        def serve(self, path: str, asked: dict[str, list[str]], sent: dict[str, Any]) -> None:
            found = cloud.servers.get(path.rpartition("/")[2])
            status: int = 200
            content: Any = None
            if path == "/limits":
                limits = {"maxTotalCores": 64, "maxTotalRAMSize": 131072, "maxTotalInstances": -1}
                content = {"limits": {"absolute": limits, "rate": []}}
            elif path == "/servers/detail":
                name = asked.get("name", [""])[0]
                content = {"servers": [one for one in cloud.servers.values() if name in one["name"]]}
            elif path == "/servers" and self.command == "POST" and cloud.fails:
                status, content = cloud.fails.pop(0), {"forbidden": {"message": "secret words", "code": 403}}
            elif path == "/servers" and self.command == "POST":
                status, content = 202, {"server": self.make(sent["server"])}
            elif found is None:
                status, content = 404, {"itemNotFound": {"message": "secret words", "code": 404}}
            elif self.command == "DELETE":
                status = 204
                del cloud.servers[found["id"]]
            else:
                found["status"] = "ACTIVE"
                content = {"server": found}
            self.say(status, content)

        def make(self, wanted: dict[str, Any]) -> dict[str, Any]:
            number = str(uuid.uuid4())
            cloud.servers[number] = {
                "id": number,
                "name": wanted["name"],
                "status": "BUILD",
                "addresses": {"public": [{"addr": "114.114.114.9", "version": 4}]},
                "hostId": "",
                "tenant_id": "t",
                "metadata": wanted.get("metadata", {}),
                "image": {"id": wanted["imageRef"]},
                "flavor": {"id": wanted["flavorRef"]},
                "links": [{"rel": "self", "href": f"http://{cloud.host}/servers/{number}"}],
                "created": "2026-11-02T04:00:00Z",
                "updated": "2026-11-02T04:00:00Z",
            }
            return cloud.servers[number]

        def say(self, status: int, content: Any, **headers: str) -> None:
            body = b"" if content is None else json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_DELETE = take

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    cloud = OpenStack(host=f"127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.01), daemon=True)
    thread.start()
    try:
        yield cloud
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=5)
