"""`python -m billing.rules rate --json FILE`: rate a case, a list of cases, or a file of them; `-` is standard input.

Prints JSON: an answer for one case, a list of answers for many. Exit 0, or 2 if something could not be rated: then
the answer of that case is {"id", "error": {"field", "message"}}, and the first message stands on standard error.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from billing.rules.rate import InvalidCase, rate

MOST_BYTES: Final = 32 * 2**20
REFUSED: Final = 2


def main(arguments: Sequence[str]) -> int:
    """Read, rate, print."""
    parser = argparse.ArgumentParser(prog="python -m billing.rules", description=__doc__)
    commands = parser.add_subparsers(required=True)
    command = commands.add_parser("rate", help="rate worked cases")
    command.add_argument("--json", required=True, metavar="FILE", help="the cases; - for standard input")
    asked = parser.parse_args(arguments)
    try:
        cases, is_one = _read(asked.json)
    except InvalidCase as error:
        print(error, file=sys.stderr)
        return REFUSED
    answers = [_answer(case) for case in cases]
    json.dump(answers[0] if is_one else answers, sys.stdout, ensure_ascii=False, indent=1)
    print()
    refused = [answer for answer in answers if "error" in answer]
    for answer in refused:
        print(f"{answer.get('id', 'case')}: {answer['error']['message']}", file=sys.stderr)
    return REFUSED if refused else 0


def _answer(case: Any) -> dict[str, Any]:
    try:
        return rate(case)
    except InvalidCase as error:
        own = {"id": case["id"]} if isinstance(case, dict) and "id" in case else {}
        return {**own, "error": {"field": error.field, "message": str(error)}}


def _read(path: str) -> tuple[list[Any], bool]:
    """The cases, and whether there is just one that stands alone."""
    try:
        if path == "-":
            data = sys.stdin.buffer.read(MOST_BYTES + 1)
        else:
            with Path(path).open("rb") as file:
                data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise InvalidCase("--json", f"{path} cannot be read ({error.strerror}); name a file, or - ") from None
    if len(data) > MOST_BYTES:
        raise InvalidCase("--json", f"is larger than {MOST_BYTES} bytes; send fewer cases at once")
    try:
        given = json.loads(data.decode("utf-8-sig"), parse_float=Decimal, object_pairs_hook=_once)
    except (UnicodeDecodeError, RecursionError, json.JSONDecodeError) as error:
        raise InvalidCase("--json", f"is not JSON ({error}); send one case, a list of cases, or a file") from None
    if isinstance(given, dict) and "cases" in given:
        given = given["cases"]
    if isinstance(given, list):
        return given, False
    return [given], True


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _value in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise InvalidCase(twice, "stands twice in one object; give it once")
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
