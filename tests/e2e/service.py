"""A small Dockerflow service of several nodes that are replaced one by one.

One process, standard library only. It prints one line of JSON when it is ready, with the URLs of its
nodes, of a load balancer before them and of its control port, and ends when its standard input does.

Nodes answer Dockerflow's three paths (https://github.com/mozilla-services/Dockerflow) and `/`.
The control port takes these, as POST, `node` counting from 0:

    /deploy?commit=C&image=I   replaces the nodes in the background, unless refused
    /break?node=N              the node answers 500 to everything
    /break?commit=C            every node does, for as long as it runs that commit
    /flap?node=N&commit=C      the node says C in every second answer
    /freeze?node=N             the node keeps its commit in deployments
    /mend                      ends all of these, and the three below
    /fail-requests?rate=R      that part of the page's answers is 500, evenly spread
    /delay?seconds=S           the balancer sends each answer so much later
    /refuse-deployments        the next deployments are refused
    /pace?seconds=S            how long a node is gone in a deployment, also the one that is just
                               gone; a newer deployment ends its wait, too

and `GET /state` says what has happened.
"""

import argparse
import json
import socket
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit


class Server(ThreadingHTTPServer):
    """A server on loopback whose requests are answered by a function of method and path.

    The port is kept by a socket that is bound and never listens: while the server is stopped,
    connections are refused, and no other process gets the port.
    """

    daemon_threads = True
    request_queue_size = 256

    def __init__(self, answer):
        self.answer = answer
        self.keeper = socket.socket()
        self.keeper.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.keeper.bind(("127.0.0.1", 0))
        self.port = self.keeper.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.start()

    def start(self):
        super().__init__(("127.0.0.1", self.port), Handler)
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()

    def stop(self):
        self.shutdown()
        self.server_close()


class Handler(BaseHTTPRequestHandler):
    """Answers with what the server's function gives: a status, and text or something for JSON."""

    def reply(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        status, body = self.server.answer(self.command, self.path)
        kind = "text/html; charset=utf-8" if isinstance(body, str) else "application/json"
        text = (body if isinstance(body, str) else json.dumps(body)).encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST = reply

    def log_message(self, *_):
        pass


class Node:
    """One node, and all that can be wrong with it."""

    def __init__(self, service, commit):
        self.service = service
        self.commit = commit
        self.mend()
        self.server = Server(self.answer)

    def mend(self):
        self.broken = False
        self.frozen = False
        self.other = None
        self.answers = 0

    def replace(self, commit, wait):
        """Restarts the node with a commit; it does not answer while it waits."""
        self.server.stop()
        wait()
        if not self.frozen:
            self.commit = commit
        self.server.start()

    def says(self):
        self.answers += 1
        return self.other if self.other and self.answers % 2 == 0 else self.commit

    def answer(self, _, path):
        with self.service.lock:
            if self.broken or self.commit in self.service.bad:
                return 500, "<h1>Internal Server Error</h1>"
            if path == "/__version__":
                return 200, {
                    "source": "https://git.invalid/shop",
                    "version": "1.0.0",
                    "commit": self.says(),
                    "build": "https://ci.invalid/1",
                }
            if path in ("/__heartbeat__", "/__lbheartbeat__"):
                return 200, {"status": "ok"}
            if path != "/":
                return 404, "<h1>Not Found</h1>"
            return self.service.page(self.commit)


class Service:
    """All nodes, a balancer before them, and what was deployed."""

    def __init__(self, nodes, commit, pace):
        self.lock = threading.RLock()
        self.changed = threading.Condition(self.lock)
        self.rolling = threading.Lock()
        self.deployments = []
        self.bad = set()
        self.turn = 0
        self.requests = 0
        self.pace = pace
        self.mend()
        self.nodes = [Node(self, commit) for _ in range(nodes)]
        self.up = list(self.nodes)
        self.balancer = Server(self.balance)
        self.control = Server(self.obey)

    def mend(self):
        self.rate = 0.0
        self.delay = 0.0
        self.refusing = False
        self.bad.clear()

    def page(self, commit):
        self.requests += 1
        if int(self.requests * self.rate) > int((self.requests - 1) * self.rate):
            return 500, "<h1>Internal Server Error</h1>"
        return 200, f"<title>Shop</title><h1>Shop</h1><p>{commit}</p>"

    def balance(self, method, path):
        """Answers as one of the nodes that are up, in turn."""
        time.sleep(self.delay)
        with self.lock:
            if not self.up:
                return 503, "<h1>Service Unavailable</h1>"
            self.turn += 1
            return self.up[self.turn % len(self.up)].answer(method, path)

    def wait(self, deployment):
        """Waits as long as a node is gone."""
        begin = time.monotonic()
        with self.lock:
            while deployment is self.deployments[-1]:
                left = begin + self.pace - time.monotonic()
                if left <= 0:
                    break
                self.changed.wait(left)

    def roll(self, deployment):
        """Replaces the nodes in order. A newer deployment ends the one under way."""
        with self.rolling:
            for node in self.nodes:
                with self.lock:
                    if deployment is not self.deployments[-1]:
                        deployment["state"] = "replaced"
                        return
                    self.up.remove(node)
                node.replace(deployment["commit"], lambda: self.wait(deployment))
                with self.lock:
                    self.up.append(node)
                    deployment["replaced"] += 1
            with self.lock:
                deployment["state"] = "finished"

    def deploy(self, fields):
        if self.refusing:
            return 503, {"error": "deployments are refused"}
        deployment = {
            "number": len(self.deployments),
            "time": time.time(),
            "state": "rolling",
            "replaced": 0,
            **{name: fields.get(name) for name in ("commit", "image", "tag", "environment")},
        }
        if not deployment["commit"]:
            return 400, {"error": "no commit"}
        self.deployments.append(deployment)
        self.changed.notify_all()
        threading.Thread(target=self.roll, args=(deployment,), daemon=True).start()
        return 202, {"number": deployment["number"], "nodes": len(self.nodes)}

    def obey(self, method, path):
        url = urlsplit(path)
        fields = dict(parse_qsl(url.query))
        with self.lock:
            if (method, url.path) == ("GET", "/state"):
                return 200, self.state()
            if (method, url.path) == ("POST", "/deploy"):
                return self.deploy(fields)
            try:
                if method != "POST" or not self.disturb(url.path, fields):
                    return 404, {"error": f"unknown: {method} {url.path}"}
            except (KeyError, ValueError, IndexError) as error:
                return 400, {"error": repr(error)}
            return 200, {}

    def disturb(self, path, fields):
        """Does what the path says; false where it says nothing that is known."""
        if path == "/break" and "commit" in fields:
            self.bad.add(fields["commit"])
        elif path == "/break":
            self.nodes[int(fields["node"])].broken = True
        elif path == "/flap":
            self.nodes[int(fields["node"])].other = fields["commit"]
        elif path == "/freeze":
            self.nodes[int(fields["node"])].frozen = True
        elif path == "/fail-requests":
            self.rate = float(fields["rate"])
        elif path == "/delay":
            self.delay = float(fields["seconds"])
        elif path == "/refuse-deployments":
            self.refusing = True
        elif path == "/pace":
            self.pace = float(fields["seconds"])
            self.changed.notify_all()
        elif path == "/mend":
            self.mend()
            for node in self.nodes:
                node.mend()
        else:
            return False
        return True

    def state(self):
        return {
            "nodes": [{"commit": node.commit, "up": node in self.up} for node in self.nodes],
            "deployments": self.deployments,
            "requests": self.requests,
        }


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--nodes", type=int, default=3)
    arguments.add_argument("--commit", required=True, help="what the nodes run at first")
    arguments.add_argument("--pace", type=float, default=0.05, help="seconds a node is gone")
    options = arguments.parse_args()
    service = Service(options.nodes, options.commit, options.pace)
    ready = {
        "nodes": [node.server.url for node in service.nodes],
        "balancer": service.balancer.url,
        "control": service.control.url,
    }
    print(json.dumps(ready), flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
