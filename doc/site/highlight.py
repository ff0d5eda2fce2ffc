# Copyright (c) 2026 The isolatte authors
# Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)
"""Code in colours, in which the library's names lead to the reference."""
import re

import pygments.lexers
import pygments.token
import pygments.util

import page as pages

# The classes of site.css. The first that a token belongs to counts.
CLASSES = (
    (pygments.token.Comment.Preproc, "p"),
    (pygments.token.Comment.PreprocFile, "s"),
    (pygments.token.Comment, "c"),
    (pygments.token.Literal.String, "s"),
    (pygments.token.Literal.Number, "n"),
    (pygments.token.Keyword, "k"),
)
LANGUAGES = {"cpp": "cpp", "cmake": "cmake", "python": "python", "rust": "rust", "ruby": "ruby", "sh": "bash"}


def _class_of(kind):
    for parent, name in CLASSES:
        if kind in parent:
            return name
    return ""


def code(text, language, symbols=None, origin="", bare=False):
    """Returns HTML for a piece of code.

    A name of the library is a link if `isolatte::` is before it; with `bare`, without that, too.
    """
    text = text.rstrip("\n")
    if language not in LANGUAGES:
        return pages.escape(text)
    lexer = pygments.lexers.get_lexer_by_name(LANGUAGES[language], stripnl=False, ensurenl=False)
    parts = []
    before = ""  # the code so far, of which the end tells how a name is qualified
    for kind, value in lexer.get_tokens(text):
        escaped = pages.escape(value)
        name = _class_of(kind)
        target = None
        if symbols and kind not in pygments.token.Comment and kind not in pygments.token.Literal and \
                re.fullmatch(r"[A-Za-z_]\w*", value):
            qualifier = re.search(r"((?:\w+::)*)$", before).group(1)
            if qualifier.startswith("isolatte::"):
                target = symbols.get(qualifier[len("isolatte::"):] + value)
            elif bare and not before.endswith((".", "->")):
                target = symbols.get(qualifier + value)
        # The page is where the name is declared: no link, which would lead here.
        if target and target.partition("#")[0] != origin:
            escaped = f'<a href="{pages.relative(target, origin)}">{escaped}</a>'
        elif name:
            escaped = f'<span class="{name}">{escaped}</span>'
        parts.append(escaped)
        before = (before + value)[-200:]
    return "".join(parts)


def block(text, language, symbols=None, origin="", bare=False):
    """Returns a block of code that scrolls on its own, and that a keyboard can scroll, too."""
    inside = code(text, language, symbols, origin, bare)
    return f'<pre tabindex="0"><code>{inside}</code></pre>\n'
