# Copyright (c) 2026 The isolatte authors
# Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)
"""What is around each page: the bar at the top, the tree of pages, and the list of its headings."""
import page as pages

MARK = ('<svg class="mark" viewBox="0 0 32 32" aria-hidden="true"><rect x="2" y="2" width="28" height="28" rx="7" '
        'fill="none" stroke="currentColor" stroke-width="2.5" stroke-dasharray="5 3.4"/>'
        '<path d="M9 11h12v6a6 6 0 0 1-12 0z" fill="currentColor"/>'
        '<path d="M21 12.5h1.6a2.6 2.6 0 0 1 0 5.2H21" fill="none" stroke="currentColor" stroke-width="2"/></svg>')
MENU = ('<svg viewBox="0 0 24 24" aria-hidden="true"><path d="M4 7h16M4 12h16M4 17h16" fill="none" '
        'stroke="currentColor" stroke-width="2" stroke-linecap="round"/></svg>')
SUN = ('<svg class="sun" viewBox="0 0 24 24" aria-hidden="true"><circle cx="12" cy="12" r="4.2" fill="none" '
       'stroke="currentColor" stroke-width="2"/><path d="M12 2.5v2M12 19.5v2M2.5 12h2M19.5 12h2M5.3 5.3l1.4 1.4'
       'M17.3 17.3l1.4 1.4M5.3 18.7l1.4-1.4M17.3 6.7l1.4-1.4" stroke="currentColor" stroke-width="2" '
       'stroke-linecap="round"/></svg>')
MOON = ('<svg class="moon" viewBox="0 0 24 24" aria-hidden="true"><path d="M20 14.5A8.2 8.2 0 0 1 9.5 4 8.3 8.3 0 1 0 '
        '20 14.5z" fill="none" stroke="currentColor" stroke-width="2" stroke-linejoin="round"/></svg>')


def frame(page, tree, order, version):
    """Returns the whole HTML of a page.

    `tree` is a list of groups: a title, whether it is open on every page, and pairs of a page and its name.
    `order` lists the pages that are read one after the other.
    """

    def link(target):
        return pages.relative(target, page.path)

    title = "isolatte" if page.path == "index.html" else f"{page.title} – isolatte"
    contents = _contents(page)
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>{pages.escape(title.replace('`', ''))}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="description" content="{pages.escape(_cut(page.description))}">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="{link('icon.svg')}" type="image/svg+xml">
<link rel="stylesheet" href="{link('site.css')}">
<script src="{link('theme.js')}"></script>
<script src="{link('site.js')}" defer></script>
</head>
<body data-root="{link('index.html').removesuffix('index.html')}">
<a class="skip" href="#content">Skip to the text</a>
<header class="top">
<button class="icon menu" type="button" aria-label="Pages" aria-expanded="false" aria-controls="tree">{MENU}</button>
<a class="brand" href="{link('index.html')}">{MARK}<span>isolatte</span></a>
<div class="search" role="search" hidden>
<input type="search" placeholder="Search" aria-label="Search" autocomplete="off" spellcheck="false" role="combobox"
 aria-expanded="false" aria-controls="found" aria-autocomplete="list"><kbd aria-hidden="true">/</kbd>
<div class="results" hidden><div id="found" role="listbox" aria-label="Results"></div><p role="status"></p></div>
</div>
<span class="version">{pages.escape(version)}</span>
<button class="icon theme" type="button" aria-label="Dark colours" aria-pressed="false" hidden>{SUN}{MOON}</button>
</header>
<div class="layout">
<nav id="tree" class="tree" aria-label="Pages">
{_tree(page, tree, link)}</nav>
<main id="content" tabindex="-1">
<article class="{page.kind}">
{page.body.replace("</h1>", "</h1>" + _small_contents(contents), 1)}</article>
{_neighbours(page, order, link)}<footer><p>isolatte {pages.escape(version)}, \
<a href="{link('LICENSE_1_0.txt')}">Boost Software License 1.0</a></p></footer>
</main>
<aside class="contents">{contents}</aside>
</div>
</body>
</html>
"""


def _cut(text, most=160):
    return text if len(text) <= most else text[:most].rpartition(" ")[0] + " …"


def _tree(page, tree, link):
    parts = []
    for title, stays_open, entries in tree:
        here = any(entry is page for entry, _ in entries)
        is_open = " open" if here or stays_open else ""
        parts.append(f"<details{is_open}><summary>{pages.escape(title)}</summary>\n<ul>\n")
        for entry, name in entries:
            current = ' aria-current="page"' if entry is page else ""
            parts.append(f'<li><a href="{link(entry.path)}"{current}>{name_of(name)}</a></li>\n')
        parts.append("</ul></details>\n")
    return "".join(parts)


def name_of(name):
    """Turns `code` in a title into code."""
    parts = name.split("`")
    return "".join(f"<code>{pages.escape(part)}</code>" if index % 2 else pages.escape(part)
                   for index, part in enumerate(parts))


def _contents(page):
    shown = [heading for heading in page.headings if heading[0] <= 3]
    if len(shown) < 2:
        return ""
    items = "".join(f'<li class="level{level}"><a href="#{anchor}">{text}</a></li>\n' for level, anchor, text in shown)
    return f'<nav aria-label="On this page"><p>On this page</p>\n<ul>\n{items}</ul></nav>'


def _small_contents(contents):
    """The same list for a window that has no room at its side."""
    if not contents:
        return ""
    inside = contents.replace("<p>On this page</p>\n", "")
    return f'\n<details class="contents small"><summary>On this page</summary>{inside}</details>'


def _neighbours(page, order, link):
    places = [index for index, (entry, _) in enumerate(order) if entry is page]
    if not places:
        return ""
    place = places[0]
    parts = ['<nav class="neighbours" aria-label="Next pages">']
    if place > 0:
        entry, name = order[place - 1]
        parts.append(f'<a class="previous" href="{link(entry.path)}"><small>Before</small>{name_of(name)}</a>')
    if place + 1 < len(order):
        entry, name = order[place + 1]
        parts.append(f'<a class="next" href="{link(entry.path)}"><small>Next</small>{name_of(name)}</a>')
    return "".join(parts) + "</nav>\n"
