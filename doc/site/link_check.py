# Copyright (c) 2026 The isolatte authors
# Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)
"""Looks whether every link of a folder of HTML leads to a file, and to an anchor that is in it.

No page may load anything from the network: a site that is opened from a disk has to look the same.
"""
import html.parser
import os
import posixpath
import urllib.parse


class _Addresses(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.anchors = []
        self.links = []  # (address, whether the page loads it)

    def handle_starttag(self, tag, attributes):
        for name, value in attributes:
            if name == "id":
                self.anchors.append(value)
            elif name in ("href", "src"):
                self.links.append((value, tag != "a"))


def check(folder, others=()):
    """Returns a list of what is wrong. `others` has the links of a file that is no page: (file, address)."""
    found = {}
    files = set()
    for directory, _, names in os.walk(folder):
        for name in names:
            path = posixpath.join(os.path.relpath(directory, folder).replace(os.sep, "/"), name).removeprefix("./")
            files.add(path)
            if name.endswith(".html"):
                addresses = _Addresses()
                with open(os.path.join(directory, name), encoding="utf-8") as file:
                    addresses.feed(file.read())
                found[path] = addresses

    problems = []
    links = [(path, link, False) for path, link in others]
    for path, addresses in sorted(found.items()):
        for anchor in sorted({one for one in addresses.anchors if addresses.anchors.count(one) > 1}):
            problems.append(f"{path}: the anchor {anchor} is there more than once")
        links += [(path, link, is_loaded) for link, is_loaded in addresses.links]
    for path, link, is_loaded in links:
        parts = urllib.parse.urlsplit(link)
        if parts.scheme in ("https", "http", "mailto") and not is_loaded:
            continue
        target = posixpath.normpath(posixpath.join(posixpath.dirname(path), urllib.parse.unquote(parts.path))) \
            if parts.path else path
        if parts.scheme or parts.netloc or target not in files:
            problems.append(f"{path}: the link {link} leads to no file of the site")
        elif parts.fragment and (target not in found or
                                 urllib.parse.unquote(parts.fragment) not in found[target].anchors):
            problems.append(f"{path}: {target} has no anchor {parts.fragment}")
    return problems
