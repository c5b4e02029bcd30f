"""Browsers in words, so that people know their own again."""

import re

from ua_parser import parse

_MOST_READ = 500
_A_NAME = re.compile(r"[A-Za-z][A-Za-z .+-]{0,40}")


def browser_in_words(user_agent: str) -> str:
    """`Firefox on Windows`, of the header that a browser sends; empty where that says nothing.

    Of what came in only names of letters are taken over.
    """
    found = parse(user_agent[:_MOST_READ])
    names = [part.family for part in (found.user_agent, found.os) if part]
    return " on ".join(name for name in names if _A_NAME.fullmatch(name))
