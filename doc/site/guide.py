# Copyright (c) 2026 The isolatte authors
# Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)
"""Turns the Markdown documents into pages."""
import os
import posixpath
import re
import urllib.parse

import markdown_it

import highlight
import page as pages

BREAKS = re.compile(r"(::|[_/(.=])(?=\w)")
SNIPPET = re.compile(r"<!-- ([^ :]+\.(?:cpp|hpp|txt))(?:: ?(\S*))? *-->")


class Guide:
    """Renders documents. `outputs` maps each file of the repository that has a page to its path."""

    def __init__(self, root, outputs, symbols):
        self.root = root
        self.outputs = outputs
        self.symbols = symbols
        self.copied = set()  # files that pages show or link to
        self.quoted = {}  # a source, and the pages that quote it
        self.problems = []
        self.engine = markdown_it.MarkdownIt("commonmark").enable("table")
        for rule in ("fence", "code_block", "heading_open", "heading_close", "link_open", "image", "table_open",
                     "table_close", "th_open", "th_close", "code_inline", "html_block"):
            self.engine.renderer.rules[rule] = getattr(self, "_" + rule)

    def render(self, source):
        """Returns the page of the document `source`, a path in the repository."""
        with open(os.path.join(self.root, source), encoding="utf-8") as file:
            text = file.read()
        tokens = self.engine.parse(text)
        if not tokens or tokens[0].tag != "h1":
            raise SystemExit(f"{source}: the first line is no heading")
        page = pages.Page(self.outputs.get(source, posixpath.splitext(source)[0] + ".html"), tokens[1].content)
        self._take_headings(page, tokens)
        context = {"page": page, "source": source, "snippet": None, "heading": False, "tables": 0}
        context["wide"] = _widths_of_tables(tokens)
        page.body = self.engine.renderer.render(tokens, self.engine.options, context)
        return page

    def _take_headings(self, page, tokens):
        taken = set()
        section = None
        for index, token in enumerate(tokens):
            if token.type == "heading_open":
                inline = tokens[index + 1]
                text = _text_of(inline)
                anchor = pages.slug(text, taken)
                token.attrSet("id", anchor)
                section = pages.Section("" if token.tag == "h1" else anchor, text)
                page.sections.append(section)
                if token.tag != "h1":
                    shown = "".join(f"<code>{breakable(child.content)}</code>" if child.type == "code_inline"
                                    else pages.escape(child.content) for child in inline.children)
                    page.headings.append((int(token.tag[1]), anchor, shown))
            elif token.type == "inline" and tokens[index - 1].type != "heading_open":
                text = _text_of(token)
                section.text.append(text)
                if not page.description and tokens[index - 1].type == "paragraph_open":
                    page.description = text
            elif token.type in ("fence", "code_block"):
                section.text.append(" ".join(token.content.split()))

    def _target(self, address, context):
        """Returns what a link in a document leads to, as a page of the site links to it."""
        if re.match(r"[a-z]+:", address):
            return address
        source, page = context["source"], context["page"]
        path, mark, anchor = address.partition("#")
        file = posixpath.normpath(posixpath.join(posixpath.dirname(source), urllib.parse.unquote(path))) if path \
            else source
        if file in self.outputs:
            return pages.relative(self.outputs[file] + mark + anchor, page.path)
        if not os.path.isfile(os.path.join(self.root, file)):
            self.problems.append(f"{source}: a link leads to {address}, which does not exist")
        self.copied.add(file)
        return pages.relative(copy_of(file), page.path)

    # Rules of the renderer.

    def _heading_open(self, tokens, index, options, env):
        token = tokens[index]
        env["heading"] = True
        anchor = token.attrGet("id")
        if token.tag == "h1":
            return "<h1>"
        return f'<{token.tag} id="{anchor}"><a class="anchor" href="#{anchor}" aria-hidden="true" tabindex="-1">#</a>'

    def _heading_close(self, tokens, index, options, env):
        env["heading"] = False
        return f"</{tokens[index].tag}>\n"

    def _link_open(self, tokens, index, options, env):
        return f'<a href="{pages.escape(self._target(tokens[index].attrGet("href"), env))}">'

    def _image(self, tokens, index, options, env):
        token = tokens[index]
        address = pages.escape(self._target(token.attrGet("src"), env))
        return f'<img src="{address}" alt="{pages.escape(token.content)}" loading="lazy">'

    def _table_open(self, tokens, index, options, env):
        kind = "wide" if env["wide"][id(tokens[index])] > 2 else "narrow"
        env["tables"] += 1
        return (f'<div class="table" tabindex="0" role="region" aria-label="Table {env["tables"]}">'
                f'<table class="{kind}">\n')

    def _table_close(self, tokens, index, options, env):
        return "</table></div>\n"

    def _th_open(self, tokens, index, options, env):
        # A header without a text says nothing to a screen reader.
        return "<th>" if tokens[index + 1].content else "<td>"

    def _th_close(self, tokens, index, options, env):
        return "</th>" if tokens[index - 1].content else "</td>"

    def _code_inline(self, tokens, index, options, env):
        text = tokens[index].content
        inside = f"<code>{breakable(text)}</code>"
        target = None if env["heading"] or _open_link(tokens, index) else self.symbols.get(_name_in(text))
        return f'<a class="symbol" href="{pages.relative(target, env["page"].path)}">{inside}</a>' if target else inside

    def _html_block(self, tokens, index, options, env):
        content = tokens[index].content
        match = SNIPPET.match(content)
        if match:
            env["snippet"] = match.group(1)
            return ""
        if content.startswith("<!--"):
            return ""
        return re.sub(r'(?<=href=")[^"]*', lambda link: pages.escape(self._target(link.group(), env)), content)

    def _fence(self, tokens, index, options, env):
        token = tokens[index]
        page = env["page"]
        result = highlight.block(token.content, token.info.strip(), self.symbols, page.path)
        source, env["snippet"] = env["snippet"], None
        if not source:
            return result
        self.quoted.setdefault(source, []).append(page)
        address = pages.relative(listing_of(source), page.path)
        return (f'<figure class="snippet">{result}<figcaption>From <a href="{address}">{pages.escape(source)}</a>'
                "</figcaption></figure>\n")

    def _code_block(self, tokens, index, options, env):
        return highlight.block(tokens[index].content, "")


def copy_of(file):
    """Returns where a file of the repository that is no page lies in the site."""
    return file[len("doc/"):] if file.startswith("doc/") else file


def listing_of(source):
    """Returns the page that shows a source."""
    return f"{source}.html"


def _open_link(tokens, index):
    depth = 0
    for token in tokens[:index]:
        depth += token.type == "link_open"
        depth -= token.type == "link_close"
    return depth > 0


def _name_in(code):
    """Returns the name of the library that a piece of code is, or "".

    A word such as `fork` may mean another thing, so a name has a qualification or an underscore.
    """
    match = re.fullmatch(r"(isolatte::)?((?:\w+::)*\w+)(\(\))?", code)
    if not match:
        return ""
    name = match.group(2)
    return name if match.group(1) or "::" in name or "_" in name else ""


def breakable(code):
    """Lets a long name break after its separators, and keeps `--option` in one piece."""
    if len(code) <= 16:
        return pages.escape(code)
    words = [f'<span class="whole">{pages.escape(word)}</span>' if word.startswith("-") and len(word) < 25
             else BREAKS.sub(r"\1<wbr>", pages.escape(word)) for word in code.split(" ")]
    return " ".join(words).replace("-&gt;", '<span class="whole">-&gt;</span>')


def _text_of(inline):
    return "".join(" " if child.type in ("softbreak", "hardbreak") else child.content
                   for child in inline.children if child.type != "html_inline")


def _widths_of_tables(tokens):
    widths, table = {}, None
    for token in tokens:
        if token.type == "table_open":
            table = token
            widths[id(table)] = 0
        elif token.type == "th_open":
            widths[id(table)] += 1
    return widths
