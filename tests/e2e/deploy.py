"""The deploy command: asks the service's control port for the commit in `GREENLIGHT_COMMIT`.

    deploy.py CONTROL_URL

Ends with 0 when every node was replaced, with 1 when the deployment was refused or another one came
in between. `GREENLIGHT_IMAGE`, `GREENLIGHT_TAG` and `GREENLIGHT_ENVIRONMENT` are handed on.
"""

import json
import os
import sys
import time
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import ProxyHandler, build_opener

# Loopback is reached directly, whatever proxy the machine has.
http = build_opener(ProxyHandler({}))


def ask(url, data=None):
    with http.open(url, data=data, timeout=10) as answer:
        return json.load(answer)


def deploy(control):
    names = ("commit", "image", "tag", "environment")
    fields = {name: os.environ.get(f"GREENLIGHT_{name.upper()}") for name in names}
    given = {name: value for name, value in fields.items() if value}
    deployment = ask(f"{control}/deploy?{urlencode(given)}", data=b"")
    print(f"deploying {fields['commit']} to {deployment['nodes']} nodes", flush=True)
    shown = 0
    while True:
        now = ask(f"{control}/state")["deployments"][deployment["number"]]
        while shown < now["replaced"]:
            shown += 1
            print(f"replaced node {shown} of {deployment['nodes']}", flush=True)
        if now["state"] == "finished":
            print("deployed", flush=True)
            return
        if now["state"] == "replaced":
            sys.exit("another deployment came in between")
        time.sleep(0.02)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: deploy.py CONTROL_URL")
    try:
        deploy(sys.argv[1].rstrip("/"))
    except HTTPError as error:
        sys.exit(f"{error}: {error.read().decode(errors='replace')}")
    except (URLError, OSError) as error:
        sys.exit(f"the control port does not answer: {error}")
