# Copyright (c) 2026 The isolatte authors
# Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)
"""Makes the site from the documents, the examples and what Doxygen has written: build.py XML SITE VERSION.

tools/site calls this. The file navigation.txt has the tree of pages. Whatever is wrong is printed, and
makes the exit code 1: a link that leads nowhere, a document that is not in the tree.
"""
import glob
import json
import os
import posixpath
import re
import shutil
import sys

import frame
import guide as guides
import highlight
import link_check
import navigation
import page as pages
import reference as references

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
STATIC = ("site.css", "site.js", "theme.js", "icon.svg")


def documents():
    """Returns all documents of the repository that have to be in the tree."""
    found = glob.glob("doc/**/*.md", root_dir=ROOT, recursive=True)
    return sorted(found + ["CHANGELOG.md", "CONTRIBUTING.md"])


def outputs():
    """Returns the page of each document. That of README.md is the first page, which takes its place."""
    result = {source: guides.copy_of(posixpath.splitext(source)[0].lower() + ".html") for source in documents()}
    result["README.md"] = "index.html"
    return result


def sources_of_examples():
    return sorted(path for path in glob.glob("example/**/*", root_dir=ROOT, recursive=True)
                  if path.endswith((".cpp", ".hpp")))


def read(source):
    with open(os.path.join(ROOT, source), encoding="utf-8") as file:
        return file.read()


def said_at_the_top(source):
    """Returns the first paragraph of the first comment of a source, without licence and usage."""
    lines = []
    for line in read(source).splitlines():
        if re.match(r"// \S", line):
            if not re.match(r"// (Copyright|Distributed|usage:)", line):
                lines.append(line[3:])
        elif lines or not (line.startswith("//") or not line):
            break
    return " ".join(lines)


def listings(quoted, symbols):
    """Returns a page for each source that is an example, or that a document quotes."""
    result = []
    for source in sorted({*sources_of_examples(), *quoted}):
        page = pages.Page(guides.listing_of(source), source, kind="example")
        page.description = said_at_the_top(source)
        text = re.sub(r"(?m)^[ \t]*//(\[.*|\])\n", "", read(source))
        shown = sorted({one.path: one for one in quoted.get(source, [])}.items())
        links = ", ".join(f'<a href="{pages.relative(path, page.path)}">{frame.name_of(one.title)}</a>'
                          for path, one in shown)
        said = f"<p>Quoted in {links}.</p>\n" if links else ""
        page.body = f"<h1><code>{pages.escape(source)}</code></h1>\n{said}" + \
            highlight.block(text, "cmake" if source.endswith(".txt") else "cpp", symbols, page.path)
        page.sections.append(pages.Section("", source, [page.description]))
        result.append(page)
    return result


def index_of_examples():
    page = pages.Page("example/index.html", "Example programs")
    page.description = "All example programs, with what each of them shows"
    page.sections.append(pages.Section("", page.title, [page.description]))
    rows = []
    programs = {}
    for source in sources_of_examples():
        programs.setdefault(source.split("/")[1].removesuffix(".cpp"), []).append(source)
    for name, sources in sorted(programs.items()):
        main = next((one for one in sources if one.endswith("main.cpp")), sources[0])
        files = "" if len(sources) == 1 else "<br>" + ", ".join(
            f'<a href="{pages.relative(guides.listing_of(one), page.path)}">{pages.escape(one.split("/", 2)[2])}</a>'
            for one in sources if one != main)
        rows.append(f'<tr><td><a href="{pages.relative(guides.listing_of(main), page.path)}">{pages.escape(name)}</a>'
                    f"</td><td>{frame.name_of(said_at_the_top(main))}{files}</td></tr>\n")
    page.body = ("<h1>Example programs</h1>\n<p>All of these are built and tested with the library. "
                 "<code>cmake --build build --target isolatte_example_NAME</code> builds one of them.</p>\n"
                 '<div class="table" tabindex="0" role="region" aria-label="Programs"><table class="names">'
                 "<thead><tr><th>program</th><th>shows</th></tr></thead>"
                 f"<tbody>{''.join(rows)}</tbody></table></div>\n")
    return page


def entries_of_search(all_pages, tree):
    # People look for the name that they have seen in the tree.
    names = {id(page): name.replace("`", "") for _, _, entries in tree for page, name in entries}
    entries = []
    for page in all_pages:
        kind = "project" if page.path.startswith(("design/", "changelog", "contributing")) else page.kind
        for section in page.sections:
            text = " ".join(" ".join(section.text).split())
            name = names.get(id(page), "")
            if not section.anchor and name.lower() not in section.heading.lower():
                text = f"{name}. {text}"
            entries.append([page.title.replace("`", ""), section.heading.replace("`", ""),
                            page.path + ("#" + section.anchor if section.anchor else ""), text, kind])
    return entries


def main(xml, site, version):
    reference = references.Reference(xml)
    guide = guides.Guide(ROOT, outputs(), reference.symbols)
    problems = guide.problems
    by_source = {source: guide.render(source) for source in documents()}
    guide.render("README.md")  # for its links alone
    reference_pages = reference.pages()
    examples = [index_of_examples(), *listings(guide.quoted, reference.symbols)]

    groups = navigation.read()
    problems += [f"doc/site/navigation.txt: {source} is there more than once" for source in navigation.named_twice(groups)]
    tree = []
    for title, is_open, entries in groups:
        shown = []
        for source, name in entries:
            if source == "@reference":
                shown += [(reference_pages[0], "All names"), *((one, one.title) for one in reference_pages[1:])]
            elif source == "@examples":
                shown.append((examples[0], name or examples[0].title))
            elif source in by_source:
                shown.append((by_source[source], name or by_source[source].title))
            else:
                problems.append(f"doc/site/navigation.txt: there is no {source}")
        tree.append((title, is_open, shown))
    listed = {id(page) for _, _, entries in tree for page, _ in entries}
    for source, page in by_source.items():
        if id(page) not in listed:
            problems.append(f"{source}: doc/site/navigation.txt has to name this page, where the tree is to have it")
    order = [entry for _, _, entries in tree for entry in entries if entry[0].kind == "guide"]

    all_pages = [*by_source.values(), *reference_pages, *examples]
    for page in all_pages:
        write(site, page.path, frame.frame(page, tree, order, version))
    entries = entries_of_search(all_pages, tree)
    index = json.dumps(entries, ensure_ascii=False, separators=(",", ":"))
    write(site, "search-index.js", f"window.searchIndex = {index};\n")
    for name in STATIC:
        shutil.copy(os.path.join(HERE, name), os.path.join(site, name))
    for file in sorted({*guide.copied, "LICENSE_1_0.txt"}):
        target = os.path.join(site, guides.copy_of(file))
        if os.path.isfile(os.path.join(ROOT, file)):
            os.makedirs(os.path.dirname(target), exist_ok=True)
            shutil.copy(os.path.join(ROOT, file), target)

    problems += link_check.check(site, [("search-index.js", entry[2]) for entry in entries])
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


def write(site, path, text):
    target = os.path.join(site, path)
    os.makedirs(os.path.dirname(target), exist_ok=True)
    with open(target, "w", encoding="utf-8") as file:
        file.write(text)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
