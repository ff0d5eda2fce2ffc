# Copyright (c) 2026 The isolatte authors
# Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)
"""Reads navigation.txt, the tree of pages."""
import os

HERE = os.path.dirname(os.path.abspath(__file__))


def read():
    """Returns the groups of navigation.txt: a title, whether it is open at first, and (file, name)."""
    groups = []
    with open(os.path.join(HERE, "navigation.txt"), encoding="utf-8") as file:
        for line in file:
            line = line.rstrip()
            if not line or line.startswith("#"):
                continue
            if not line.startswith(" "):
                title, closed, _ = line.partition(" (closed)")
                groups.append((title, not closed, []))
                continue
            source, _, name = line.strip().partition(": ")
            groups[-1][2].append((source, name))
    return groups


def named_twice(groups):
    """Returns the files that are in the tree more than once."""
    sources = [source for _, _, entries in groups for source, _ in entries]
    return sorted({source for source in sources if sources.count(source) > 1})
