"""python -m marketplace.embedded {start,stop,status,env,run,remove} [--name demo] [-- command ...]"""

import argparse
import os
import shlex
import signal
import subprocess
import sys
import types

from marketplace import embedded

NOT_RUNNING_EXIT_CODE = 3


def main(arguments: list[str]) -> int:
    """Do what the command line says and return the exit code."""
    options = _parse(arguments)
    try:
        return _answer(options)
    except embedded.EmbeddedError as error:
        print(f"marketplace.embedded: {error}", file=sys.stderr)
        return 1


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m marketplace.embedded", description=embedded.__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    actions = parser.add_subparsers(dest="action", required=True)
    for action, purpose in {
        "start": "start the servers and leave them running",
        "stop": "stop the servers, keep the data",
        "status": "say whether they run and where the data lies",
        "env": 'print the variables for a shell: eval "$(python -m marketplace.embedded env)"',
        "run": "run a command with the servers, and stop them after it",
        "remove": "stop the servers and remove their data",
    }.items():
        one = actions.add_parser(action, help=purpose)
        one.add_argument("--name", default="demo", help="which world: demo, test, ... (default: demo)")
        if action in ("stop", "remove"):
            one.add_argument("--all", action="store_true", help="every name that has data")
        if action == "run":
            one.add_argument("command", nargs="+", help="the command and its arguments, after --")
    return parser.parse_args(arguments)


def _answer(options: argparse.Namespace) -> int:
    if options.action == "start":
        _print_services(embedded.start(options.name))
        return 0
    if options.action in ("stop", "remove"):
        act = embedded.stop if options.action == "stop" else embedded.remove
        for name in embedded.list_names() if options.all else [options.name]:
            act(name)
        return 0
    if options.action == "run":
        # From here on a termination unwinds the stack, so that the servers are stopped.
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, _raise_exit)
        with embedded.running(options.name) as services:
            return _run(options.command, services)
    services_found = embedded.find(options.name)
    if services_found is None:
        print(f"{options.name}: not running", file=sys.stderr)
        return NOT_RUNNING_EXIT_CODE
    if options.action == "status":
        print(f"{options.name}: running; data in {services_found.folder}")
    else:
        _print_services(services_found)
    return 0


def _print_services(services: embedded.Services) -> None:
    for key, value in services.environment().items():
        print(f"export {key}={shlex.quote(value)}")


def _raise_exit(number: int, frame: types.FrameType | None) -> None:
    raise SystemExit(128 + number)


def _run(command: list[str], services: embedded.Services) -> int:
    """Run the command to its end; signals to us are handed on to it."""
    child: subprocess.Popen[bytes] | None = None

    def hand_on(number: int, frame: types.FrameType | None) -> None:
        if child is None:
            sys.exit(128 + number)
        # The terminal sends its interrupt to the child as well; twice would be an abort.
        if number != signal.SIGINT or not sys.stdin.isatty():
            child.send_signal(number)

    # Before the start: what we inherited as ignored (a shell's background job) is the default again in the child.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, hand_on)
    try:
        child = subprocess.Popen(command, env={**os.environ, **services.environment()})
    except FileNotFoundError:
        print(f"marketplace.embedded: no such command: {command[0]}", file=sys.stderr)
        return 127
    code = child.wait()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # stopping the servers is not to be interrupted
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
