# Copyright (c) 2026 The isolatte authors
# Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)
"""Makes pages from what Doxygen has found in the headers: one page for each header."""
import glob
import os
import re
import xml.etree.ElementTree as xml

import guide
import highlight
import page as pages

NAMESPACE = "isolatte::"
COLUMNS = 88
# Doxygen has elements for `--`, `---` and the like.
SIGNS = {"ndash": "–", "mdash": "—", "nonbreakablespace": "\u00a0", "linebreak": "<br>", "sp": " "}
# Doxygen takes the system call for the function of the library.
AMBIGUOUS = ("fork()",)
KINDS = {"class": "class", "struct": "struct", "concept": "concept", "function": "function", "enum": "enumeration",
         "variable": "variable", "typedef": "type", "define": "macro", "friend": "function"}


class Entity:
    """Something with a name: a class with its members, a group of functions of one name, a constant."""

    def __init__(self, node, name):
        self.nodes = [node]  # overloads of a function are one entity
        self.kind = node.get("kind")
        self.name = name  # without the namespace of the library
        self.members = []
        location = node.find("location")
        self.file = location.get("file")
        self.line = int(location.get("line"))

    @property
    def anchor(self):
        return anchor_of(self.name)


class Reference:
    def __init__(self, folder):
        self.entities = {}  # by header
        self.addresses = {}  # by Doxygen's identifiers
        self.symbols = {}  # by name, without the namespace of the library
        self.headers = {}  # the text at the top of each header
        for file in sorted(glob.glob(os.path.join(folder, "*.xml"))):
            for node in xml.parse(file).getroot().findall("compounddef"):
                self._take(node)
        for entities in self.entities.values():
            # The one that the header is named after comes first.
            stem = stem_of(entities[0].file)
            entities.sort(key=lambda entity: (entity.name not in (stem, f"basic_{stem}"), entity.line))

    def pages(self):
        """Returns the pages: an index of all names, and one page for each header."""
        result = [self._index()]
        for header in sorted(self.entities):
            result.append(self._page(header))
        return result

    # Reads what Doxygen has written.

    def _take(self, node):
        kind, name = node.get("kind"), node.findtext("compoundname")
        if kind == "file":
            file = node.find("location").get("file")
            if description(node):
                self.headers[file] = node
            self._take_members(node, "", file_members=True)
        elif kind == "namespace" and (name + "::").startswith(NAMESPACE):
            self._take_members(node, (name + "::")[len(NAMESPACE):])
        elif kind in ("class", "struct", "concept") and name.startswith(NAMESPACE) and node.get("prot") != "private":
            entity = Entity(node, name[len(NAMESPACE):])
            self._add(entity)
            for member in self._grouped(node, entity.name + "::"):
                entity.members.append(member)

    def _take_members(self, node, scope, file_members=False):
        for entity in self._grouped(node, scope, only=("define",) if file_members else None):
            self._add(entity)

    def _add(self, entity):
        self.entities.setdefault(entity.file, []).append(entity)
        address = path_of(entity.file) + "#" + entity.anchor
        self._register(entity, address)

    def _register(self, entity, address):
        self.symbols.setdefault(entity.name, address)
        for node in entity.nodes:
            self.addresses[node.get("id")] = address
            for value in node.findall("enumvalue"):
                name = f"{entity.name}::{value.findtext('name')}"
                where = address.partition("#")[0] + "#" + anchor_of(name)
                self.addresses[value.get("id")] = where
                self.symbols.setdefault(name, where)

    def _grouped(self, node, scope, only=None):
        groups = {}
        for member in node.iter("memberdef"):
            if member.get("prot") == "private" or (only and member.get("kind") not in only):
                continue
            if member.get("kind") == "define" and not only:
                continue
            if not description(member):
                continue
            name = member.findtext("name")
            function = member.get("kind") in ("function", "friend")
            key = (name, function) if function else (name, member.get("id"))
            # A namespace holds functions of one name from several headers.
            key += (member.find("location").get("file"),)
            if key in groups:
                groups[key].nodes.append(member)
            else:
                groups[key] = Entity(member, scope + name)
        for entity in groups.values():
            if scope:
                self._register(entity, path_of(entity.file) + "#" + entity.anchor)
        return list(groups.values())

    # Writes pages.

    def _page(self, header):
        stem = stem_of(header)
        page = pages.Page(path_of(header), stem, kind="reference")
        page.description = f"Reference of <{header}>"
        # An entity of that name is found instead.
        if all(entity.name != stem for entity in self.entities[header]):
            page.sections.append(pages.Section("", stem, [header]))
        parts = [f"<h1>{pages.escape(stem)}</h1>\n",
                 highlight.block(f"#include <{header}>", "cpp")]
        if header in self.headers:
            parts.append(self._prose(self.headers[header], page))
        for entity in self.entities[header]:
            parts.append(self._entity(entity, page, 2))
        page.body = "".join(parts)
        return page

    def _entity(self, entity, page, level):
        own = entity.name if level == 2 else entity.name.rpartition("::")[2]
        if entity.kind in ("function", "friend") and not own.startswith("operator"):
            shown = own + "()"
        else:
            shown = own
        page.headings.append((level, entity.anchor, f"<code>{guide.breakable(shown)}</code>"))
        section = pages.Section(entity.anchor, entity.name)
        page.sections.append(section)
        parts = [f'<section class="entity level{level}">'
                 f'<h{level} id="{entity.anchor}">'
                 f'<a class="anchor" href="#{entity.anchor}" aria-hidden="true" tabindex="-1">#</a>'
                 f"<code>{pages.escape(shown)}</code>"]
        if level == 2:
            parts.append(f' <span class="kind">{KINDS[entity.kind]}</span>')
        parts.append(f"</h{level}>\n")
        for node in entity.nodes:
            parts.append(highlight.block(signature(node, entity), "cpp", self.symbols, page.path, bare=True))
            parts.append(self._prose(node, page))
            section.text += ["".join(node.find(part).itertext())
                             for part in ("briefdescription", "detaileddescription")]
            parts.append(self._values(node, entity, page))
        for member in entity.members:
            parts.append(self._entity(member, page, level + 1))
        parts.append("</section>\n")
        return "".join(parts)

    def _values(self, node, entity, page):
        rows = []
        for value in node.findall("enumvalue"):
            name = value.findtext("name")
            page.sections.append(pages.Section(anchor_of(f"{entity.name}::{name}"), f"{entity.name}::{name}",
                                               ["".join(value.find("briefdescription").itertext())]))
            rows.append(f'<tr id="{anchor_of(entity.name + "::" + name)}"><td><code>{pages.escape(name)}</code></td>'
                        f"<td>{self._prose(value, page)}</td></tr>\n")
        if not rows:
            return ""
        return (f'<div class="table" tabindex="0" role="region" aria-label="Values of {pages.escape(entity.name)}">'
                '<table class="narrow">'
                f"<thead><tr><th>value</th><th>meaning</th></tr></thead><tbody>{''.join(rows)}</tbody></table></div>\n")

    def _prose(self, node, page):
        facts = []
        text = "".join(self._paragraph(para, page, facts) for part in ("briefdescription", "detaileddescription")
                       for para in node.findall(f"{part}/para"))
        return text + (f'<dl class="facts">{"".join(facts)}</dl>\n' if facts else "")

    def _paragraph(self, para, page, facts):
        """Renders a paragraph. What has a title, as the parameters have, goes into `facts`."""
        blocks, run = [], [pages.escape(para.text or "")]

        def end_run():
            text = "".join(run).strip()
            run.clear()
            if text:
                blocks.append(f"<p>{text}</p>\n")

        for child in para:
            if child.tag == "itemizedlist":
                end_run()
                items = "".join(f"<li>{self._blocks(item, page, facts)}</li>\n" for item in child.findall("listitem"))
                blocks.append(f"<ul>\n{items}</ul>\n")
            elif child.tag == "programlisting":
                end_run()
                blocks.append(highlight.block(listing(child), "cpp", self.symbols, page.path))
            elif child.tag == "parameterlist":
                facts.append(self._parameters(child, page))
            elif child.tag == "simplesect":
                title = {"return": "Returns"}.get(child.get("kind")) or child.findtext("title")
                facts.append(f"<dt>{pages.escape(title)}</dt><dd>{self._blocks(child, page, facts)}</dd>\n")
            elif child.tag == "table":
                end_run()
                blocks.append(self._table(child, page))
            else:
                run.append(self._inline(child, page))
            run.append(pages.escape(child.tail or ""))
        end_run()
        return "".join(blocks)

    def _blocks(self, node, page, facts):
        return "".join(self._paragraph(para, page, facts) for para in node.findall("para"))

    def _table(self, node, page):
        rows = []
        for row in node.findall("row"):
            cells = []
            for cell in row.findall("entry"):
                tag = "th" if cell.get("thead") == "yes" else "td"
                inside = "".join(pages.escape(para.text or "") + "".join(
                    self._inline(child, page) + pages.escape(child.tail or "") for child in para)
                    for para in cell.findall("para"))
                cells.append(f"<{tag}>{inside}</{tag}>")
            rows.append(f"<tr>{''.join(cells)}</tr>\n")
        return f'<div class="table" tabindex="0" role="region" aria-label="Table"><table>{"".join(rows)}</table></div>\n'

    def _parameters(self, node, page):
        title = {"param": "Parameters", "templateparam": "Template parameters", "exception": "Throws"}[node.get("kind")]
        rows = []
        for item in node.findall("parameteritem"):
            name = ", ".join("".join(one.itertext()) for one in item.findall("parameternamelist/parametername"))
            said = self._blocks(item.find("parameterdescription"), page, [])
            rows.append(f"<li><code>{pages.escape(name)}</code>{said}</li>\n")
        return f'<dt>{title}</dt><dd><ul class="parameters" role="list">{"".join(rows)}</ul></dd>\n'

    def _inline(self, node, page):
        inside = pages.escape(node.text or "") + "".join(
            self._inline(child, page) + pages.escape(child.tail or "") for child in node)
        if node.tag == "ref":
            address = self._address_of(node)
            return f'<a href="{pages.relative(address, page.path)}"><code>{inside}</code></a>' if address else \
                f"<code>{inside}</code>"
        if node.tag == "computeroutput":
            # A name in it is a link already.
            return inside if inside.startswith("<a ") and inside.endswith("</a>") else \
                f"<code>{re.sub('</?code>', '', inside)}</code>"
        if node.tag in SIGNS:
            return SIGNS[node.tag]
        if node.tag == "emphasis":
            return f"<em>{inside}</em>"
        if node.tag == "bold":
            return f"<strong>{inside}</strong>"
        if node.tag == "ulink":
            return f'<a href="{pages.escape(node.get("url"))}">{inside}</a>'
        raise SystemExit(f"{page.title}: the reference has a <{node.tag}>, which doc/site/reference.py does not know")

    def _address_of(self, node):
        """Returns what a reference leads to, unless Doxygen has mistaken another thing for a name of the library.

        Doxygen 1.9.8 takes `void(error_code)` for a function, for instance.
        """
        text = "".join(node.itertext())
        if text in AMBIGUOUS:
            return None
        address = self.addresses.get(node.get("refid"), "")
        name = re.match(r"[\w:~]*", text).group().rpartition("::")[2]
        return address if name and re.split(r"[#.]", address)[-1] == anchor_of(name) else None

    def _index(self):
        page = pages.Page("reference/index.html", "Reference", kind="reference")
        page.description = "Every public name of isolatte"
        page.sections.append(pages.Section("", "Reference", ["every public name"]))
        parts = ["<h1>Reference</h1>\n",
                 "<p>One page for each header. <code>&lt;isolatte.hpp&gt;</code> includes all of them, but for "
                 "<code>&lt;isolatte/test.hpp&gt;</code>. All names are in the namespace <code>isolatte</code>.</p>\n",
                 '<div class="table" tabindex="0" role="region" aria-label="Headers"><table class="names">'
                 "<thead><tr><th>header</th><th>has</th></tr></thead><tbody>\n"]
        for header in sorted(self.entities):
            names = []
            for entity in self.entities[header]:
                link = f'<a href="{pages.relative(path_of(header) + "#" + entity.anchor, page.path)}">' \
                       f"<code>{pages.escape(entity.name)}</code></a>"
                if link not in names:
                    names.append(link)
            address = pages.relative(path_of(header), page.path)
            stem = stem_of(header)
            parts.append(f'<tr><td><a href="{address}">{pages.escape(stem)}</a></td><td>{", ".join(names)}</td></tr>\n')
        parts.append("</tbody></table></div>\n")
        page.body = "".join(parts)
        return page


def stem_of(header):
    return os.path.splitext(os.path.basename(header))[0]


def path_of(header):
    return f"reference/{stem_of(header)}.html"


def anchor_of(name):
    spelled = name.replace("~", "destructor-of-")
    for sign, word in (("==", "-equal"), ("!=", "-unequal"), ("<=>", "-compare"), ("<<", "-print"), ("->", "-arrow"),
                       ("=", "-assign"), ("*", "-star"), ("()", "-call"), ("!", "-not")):
        spelled = spelled.replace("operator" + sign, "operator" + word)
    return re.sub(r"[^\w.\-]+", "-", spelled.replace("::", "."))


def description(node):
    return any("".join(node.find(part).itertext()).strip() for part in ("briefdescription", "detaileddescription")
               if node.find(part) is not None)


def flat(node):
    """Returns the text of a type, spelled as the sources spell types."""
    text = " ".join("".join(node.itertext()).split()) if node is not None else ""
    text = text.replace("< ", "<").replace(" >", ">").replace(" &", "&").replace(" *", "*")
    return text.replace("( ", "(").replace(" )", ")")


def template_of(node):
    lines = []
    parameters = node.find("templateparamlist")
    if parameters is not None:
        each = []
        for parameter in parameters.findall("param"):
            text = flat(parameter.find("type"))
            name = parameter.findtext("declname")
            if name and not text.endswith(" " + name):
                text += " " + name
            if parameter.find("defval") is not None:
                text += " = " + flat(parameter.find("defval"))
            each.append(text)
        lines.append(wrapped("template <", each, ">"))
    if node.find("requiresclause") is not None:
        lines.append("requires " + flat(node.find("requiresclause")))
    return lines


def wrapped(before, each, after):
    line = before + ", ".join(each) + after
    if len(line) <= COLUMNS or not each:
        return line
    return before + "\n    " + ",\n    ".join(each) + after


def signature(node, entity):
    kind, name = node.get("kind"), entity.name.rpartition("::")[2]
    lines = template_of(node)
    if kind in ("class", "struct"):
        bases = [f"{base.get('prot')} {base.text}" for base in node.findall("basecompoundref")]
        lines.append(f"{kind} {entity.name}{' : ' + ', '.join(bases) if bases else ''};")
    elif kind == "concept":
        text = " ".join("".join(node.find("initializer").itertext()).split())
        lines = [text[:text.index("concept")].strip(), text[text.index("concept"):].replace("isolatte::", "", 1) + ";"]
    elif kind == "enum":
        strong = "enum class " if node.get("strong") == "yes" else "enum "
        lines.append(f"{strong}{name};")
    elif kind == "typedef":
        lines.append(f"using {name} = {flat(node.find('type'))};")
    elif kind == "define":
        given = [parameter.findtext("defname") for parameter in node.findall("param")]
        lines.append(f"#define {name}" + (f"({', '.join(given)})" if given else ""))
    elif kind == "variable":
        # The keywords that the type itself names already.
        text = f"{flat(node.find('type'))} {name}"
        initial = flat(node.find("initializer"))
        lines.append(text + (initial if initial.startswith("{") else " " + initial if initial else "") + ";")
    else:
        given = []
        for parameter in node.findall("param"):
            text = flat(parameter.find("type"))
            declared = parameter.findtext("declname")
            text += f" {declared}" if declared else ""
            array = parameter.findtext("array")
            text += array or ""
            if parameter.find("defval") is not None:
                text += " = " + flat(parameter.find("defval"))
            given.append(text)
        arguments = node.findtext("argsstring") or ""
        after = arguments[closing(arguments) + 1:].strip()
        after = re.sub(r"\s*=\s*(default|delete)", r" = \1", after)
        result = flat(node.find("type"))
        before = "explicit " if node.get("explicit") == "yes" and "explicit" not in result else ""
        before += "static " if node.get("static") == "yes" and "static" not in result else ""
        before += result + " " if result else ""
        lines.append(wrapped(f"{before}{name}(", given, f"){' ' + after if after else ''};"))
    return "\n".join(line for line in lines if line)


def closing(arguments):
    """Returns where the list of parameters ends that a text begins with."""
    depth = 0
    for index, sign in enumerate(arguments):
        depth += (sign == "(") - (sign == ")")
        if depth == 0:
            return index
    return -1


def listing(node):
    lines = []
    for line in node.findall("codeline"):
        text = []

        def take(part):
            if part.tag == "sp":
                text.append(" ")
            text.append(part.text or "")
            for child in part:
                take(child)
                text.append(child.tail or "")

        take(line)
        lines.append("".join(text))
    return "\n".join(lines)
