"""A load test of the service's page that ends after a number of requests, whatever the machine's speed.

With `--mode-file FILE` a word in the file changes it:

    cart      users open the cart after the page; the service has none, and answers 404
    idle      users take their turns, and make no request
    killed    the load test is killed (SIGKILL) at its 20th turn
    refused   the load test sets exit status 1 at its end, though no request fails

The file is read when the test starts; without the file, the load test is an ordinary one.
"""

import os
import signal
from pathlib import Path

import gevent
from locust import FastHttpUser, constant, events, task


@events.init_command_line_parser.add_listener
def add_arguments(parser):
    parser.add_argument("--mode-file", default="", help="a file with one word")
    parser.add_argument("--requests", type=int, default=100, help="how many there are")


@events.test_start.add_listener
def read_mode(environment, **_):
    file = Path(environment.parsed_options.mode_file)
    environment.mode = file.read_text().strip() if file.is_file() else ""
    environment.turns = 0


@events.quitting.add_listener
def set_exit_status(environment, **_):
    if environment.mode == "refused":
        environment.process_exit_code = 1


class Shopper(FastHttpUser):
    """Opens the page, ten times a second."""

    wait_time = constant(0.1)

    @task
    def page(self):
        environment = self.environment
        if environment.mode != "idle":
            self.client.get("/")
        if environment.mode == "cart":
            self.client.get("/cart")
        environment.turns += 1
        if environment.mode == "killed" and environment.turns == 20:
            os.kill(os.getpid(), signal.SIGKILL)
        if environment.turns == environment.parsed_options.requests:
            # Not here: it ends all users, and this one with them.
            gevent.spawn(environment.runner.quit)
