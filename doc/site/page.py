# Copyright (c) 2026 The isolatte authors
# Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)
"""A page of the site, and the few things that every kind of page needs."""
import dataclasses
import html
import posixpath
import re


@dataclasses.dataclass
class Section:
    """What the search finds: a heading, and the text below it."""
    anchor: str
    heading: str
    text: list = dataclasses.field(default_factory=list)


@dataclasses.dataclass
class Page:
    path: str  # below the folder of the site
    title: str
    body: str = ""
    kind: str = "guide"  # or "reference", "example"
    headings: list = dataclasses.field(default_factory=list)  # (level, anchor, html)
    sections: list = dataclasses.field(default_factory=list)
    description: str = ""


def escape(text):
    return html.escape(text, quote=True)


def relative(target, origin):
    """Returns the address of `target`, which may have an anchor, as seen from the page `origin`."""
    path, mark, anchor = target.partition("#")
    if path == origin:
        return mark + anchor if mark else posixpath.basename(path)
    return posixpath.relpath(path, posixpath.dirname(origin) or ".") + mark + anchor


def slug(text, taken):
    """Returns the anchor that GitHub gives to a heading, so that links hold there, too."""
    base = re.sub(r"[^\w\- ]", "", text.strip().lower()).replace(" ", "-")
    anchor, count = base, 0
    while anchor in taken:
        count += 1
        anchor = f"{base}-{count}"
    taken.add(anchor)
    return anchor
