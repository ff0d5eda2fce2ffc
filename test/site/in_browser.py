"""usage: in_browser.py SITE [TEST...]
Tests the site of the documents, which is in the folder SITE, in Chromium."""

import glob
import os
import pathlib
import shutil
import sys
import tempfile
import unittest

sys.path.insert(1, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, "browser"))
import webdriver

SKIPPED = 77
site = None

INPUT = "document.querySelector('.search input')"
OPTIONS = "[...document.querySelectorAll('#found [role=option]')]"
SELECTED = "document.querySelector('#found [aria-selected=true]')"
OPEN = INPUT + ".getAttribute('aria-expanded') === 'true'"
# One page of each kind.
KINDS = ("index.html", "guide/outcomes.html", "guide/service.html", "reference/index.html", "reference/outcome.html",
         "example/index.html", "example/hello.cpp.html", "changelog.html")


class Site(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.browser = webdriver.Browser()
        cls.addClassCleanup(cls.browser.close)

    def setUp(self):
        self.browser.resize(1280, 900)
        self.browser.prefer(prefers_color_scheme="light", prefers_reduced_motion="reduce")
        self.open("index.html")
        self.run_script("localStorage.clear()")
        self.browser.console()  # what earlier tests have left
        self.open("index.html")

    def open(self, page, folder=None):
        self.browser.open(pathlib.Path(folder or site, page).as_uri())

    def run_script(self, script, *arguments):
        return self.browser.run(script, *arguments)

    def value(self, expression, *arguments):
        return self.browser.run(f"return {expression}", *arguments)

    def wait_for_page(self, page):
        """Waits until a page is there. A script that runs while the browser leaves a page fails."""
        for attempt in range(3):
            try:
                return self.browser.wait_for("location.pathname.endsWith(args[0]) && document.readyState === 'complete'",
                                             "/" + page)
            except AssertionError:
                if attempt == 2:
                    raise

    def assert_quiet_console(self):
        self.assertEqual([each["message"] for each in self.browser.console()], [])

    def search(self, words):
        self.browser.press("/", *words)
        self.assertEqual(self.value(INPUT + ".value"), words)
        self.browser.wait_for(OPEN)

    # --- The search

    def test_search_by_keyboard(self):
        self.browser.press("/")
        self.assertTrue(self.value(f"document.activeElement === {INPUT}"))
        self.assertEqual(self.value(f"{INPUT}.value"), "")
        self.browser.press(*"async_fork")
        self.browser.wait_for(f"{OPTIONS}[0]?.querySelector('mark')?.textContent === 'async_fork'")
        addresses = self.value(OPTIONS + ".map(each => each.href.split('/').slice(-2).join('/'))")
        self.assertLessEqual({"reference/async_fork.html#async_fork", "guide/async_fork.html"}, {*addresses[:5]}, addresses)
        self.browser.press("Enter")
        self.wait_for_page(addresses[0].partition("#")[0])
        # From there the links lead through another folder.
        self.search("crash-proof parser")  # the name in the tree alone
        self.browser.press("Enter")
        self.wait_for_page("recipe/parser.html")
        self.assert_quiet_console()

    def test_enter_before_the_index_is_there(self):
        self.browser.press("/", *"fork_server", "Enter")
        self.wait_for_page("reference/fork_server.html")

    def test_a_part_of_a_page(self):
        self.search("grace")
        address = self.value(f"{OPTIONS}.find(each => each.hash)?.href")
        self.run_script(f"{OPTIONS}.find(each => each.hash).click()")
        self.browser.wait_for("location.href === args[0]", address)
        self.browser.wait_for("document.getElementById(decodeURIComponent(location.hash.slice(1))) !== null")
        # The bar does not cover it.
        self.browser.wait_for("document.getElementById(decodeURIComponent(location.hash.slice(1))).getBoundingClientRect()"
                              ".top >= document.querySelector('header.top').getBoundingClientRect().bottom")

    def test_arrows_in_the_results(self):
        self.search("timeout")
        self.assertIsNone(self.value(SELECTED))
        count = self.value(OPTIONS + ".length")
        self.assertGreater(count, 3)
        for key, number in (("ArrowDown", 0), ("ArrowDown", 1), ("ArrowUp", 0), ("ArrowUp", count - 1), ("ArrowDown", 0)):
            self.browser.press(key)
            self.assertEqual(self.value(f"{OPTIONS}.indexOf({SELECTED})"), number)
            self.assertEqual(self.value(f"{INPUT}.getAttribute('aria-activedescendant')"), f"found-{number}")
            self.assertTrue(self.value(f"""(() => {{ const [own, all] = [{SELECTED}, document.querySelector('.results')]
                .map(each => each.getBoundingClientRect()); return own.top >= all.top - 1 && own.bottom <= all.bottom + 1; }})()"""))
        second = self.value(f"{OPTIONS}[1].href")
        self.browser.press("ArrowDown", "Enter")
        self.browser.wait_for("location.href === args[0]", second)

    def test_ways_to_leave_the_search(self):
        self.search("sandbox")
        self.browser.press("Escape")
        self.assertFalse(self.value(OPEN))
        self.assertEqual(self.value(INPUT + ".value"), "sandbox")
        self.browser.press("ArrowDown")
        self.browser.wait_for(OPEN)
        self.browser.press("Escape", "Escape")
        self.assertEqual(self.value(INPUT + ".value"), "")
        self.browser.press(*"sandbox")
        self.browser.wait_for(OPEN)
        self.run_script("document.querySelector('h1').click()")
        self.assertFalse(self.value(OPEN))
        self.browser.press("ArrowDown")
        self.browser.wait_for(OPEN)
        self.browser.press("Tab")
        self.assertFalse(self.value(OPEN))
        self.assertFalse(self.value(f"document.activeElement.closest('.results') || document.activeElement === {INPUT}"))

    def test_what_nothing_has(self):
        self.search("xyzzy")
        self.assertEqual(self.value("document.querySelector('.results [role=status]').textContent"), "Nothing has “xyzzy”.")
        self.assertEqual(self.value(OPTIONS + ".length"), 0)
        self.browser.press("Enter")
        self.assertTrue(self.value("location.pathname.endsWith('/index.html')"))

    def test_signs_in_a_search(self):
        for words in ("f(", "a+*[", "<isolatte/test.hpp>", "\\d"):
            self.search(words)
            self.open("index.html")
        self.search("<b>")
        self.assertIsNone(self.value("document.querySelector('#found b')"))
        self.assert_quiet_console()

    def test_an_index_that_cannot_be_read(self):
        with tempfile.TemporaryDirectory() as folder:
            for name in ("index.html", "site.css", "site.js", "theme.js", "icon.svg"):
                shutil.copy(os.path.join(site, name), folder)
            self.open("index.html", folder)
            self.browser.press("/", "o")
            self.browser.wait_for("document.querySelector('.results [role=status]').textContent === "
                                  "'The search index cannot be read.'")
            shutil.copy(os.path.join(site, "search-index.js"), folder)
            self.browser.press("u")
            self.browser.wait_for(OPTIONS + ".length > 0")

    # --- The colours

    def dark(self):
        red, green, blue = self.value("getComputedStyle(document.documentElement).backgroundColor.match(/\\d+/g).map(Number)")
        self.assertEqual(red + green + blue < 384, self.value("document.querySelector('.theme').ariaPressed") == "true")
        return red + green + blue < 384

    def test_the_colours_of_the_system(self):
        self.assertFalse(self.dark())
        self.browser.prefer(prefers_color_scheme="dark")
        self.browser.wait_for("document.querySelector('.theme').ariaPressed === 'true'")
        self.assertTrue(self.dark())
        self.open("guide/start.html")
        self.assertTrue(self.dark())

    def test_colours_that_are_chosen(self):
        self.browser.click(".theme")
        self.assertTrue(self.dark())
        self.browser.reload()
        self.assertTrue(self.dark())
        self.open("guide/start.html")
        self.assertTrue(self.dark())
        self.browser.prefer(prefers_color_scheme="dark")
        self.browser.click(".theme")
        self.assertFalse(self.dark())
        self.open("index.html")
        self.assertFalse(self.dark())
        # A page that is drawn before the choice is known would flash.
        self.assertFalse(self.value("['async', 'defer'].some(each => document.querySelector('script[src$=\"theme.js\"]')[each])"))
        self.assert_quiet_console()

    def test_contrast(self):
        for page in KINDS:
            for scheme in ("light", "dark"):
                self.browser.prefer(prefers_color_scheme=scheme)
                self.open(page)
                self.search("pool")
                self.browser.press("ArrowDown")
                self.run_script("for (const each of document.querySelectorAll('details')) each.open = true;")
                self.assertEqual(self.value("document.querySelector('.theme').ariaPressed"), str(scheme == "dark").lower())
                self.assertEqual(self.browser.run(webdriver.LOW_CONTRAST, ".skip, .anchor"), [], (page, scheme))

    # --- The tree of pages, and where one is

    def test_the_tree(self):
        self.open("reference/outcome.html")
        self.assertEqual(self.value("document.querySelectorAll('#tree [aria-current=page]').length"), 1)
        self.assertTrue(self.value("""(() => {
            const [own, all] = [document.querySelector('#tree [aria-current]'), document.querySelector('#tree')]
                .map(each => each.getBoundingClientRect());
            return own.top >= all.top && own.bottom <= Math.min(all.bottom, innerHeight);
        })()"""))
        self.open("guide/start.html")
        self.assertFalse(self.value("[...document.querySelectorAll('#tree details')].at(-1).open"))

    def test_the_heading_on_the_screen(self):
        self.open("guide/sandbox.html")
        self.assertFalse(self.value("document.querySelector('aside .here') !== null"))
        second = "document.querySelectorAll('article h2')[1]"
        self.run_script(f"{second}.scrollIntoView()")
        self.browser.wait_for(f"document.querySelector('aside .here')?.hash === '#' + {second}.id")
        self.run_script("scrollTo(0, 0)")
        self.browser.wait_for("document.querySelector('aside .here') === null")

    def test_the_tree_on_a_phone(self):
        self.browser.resize(375, 812)
        self.open("guide/sandbox.html")
        shown = "document.querySelector('#tree').checkVisibility({checkVisibilityCSS: true})"
        self.assertFalse(self.value(shown))
        self.browser.click(".menu")
        self.assertTrue(self.value(shown))
        self.assertEqual(self.value("document.querySelector('.menu').ariaExpanded"), "true")
        self.assertTrue(self.value("""(() => { const own = document.querySelector('#tree [aria-current]').getBoundingClientRect();
            return own.top >= 0 && own.bottom <= innerHeight; })()"""))
        self.browser.press("Escape")
        self.assertFalse(self.value(shown))
        self.assertTrue(self.value("document.activeElement.matches('.menu')"))
        self.browser.press("Enter")
        self.assertTrue(self.value(shown))
        self.run_script("document.querySelector('main').click()")
        self.assertFalse(self.value(shown))
        self.browser.click(".menu")
        # The tree does not cover what has the focus.
        self.run_script("document.querySelector('article p a').focus()")
        self.assertFalse(self.value(shown))
        self.browser.click(".menu")
        self.browser.click("#tree [href$='streams.html']")
        self.wait_for_page("guide/streams.html")
        self.assertFalse(self.value(shown))
        self.assert_quiet_console()

    def test_the_search_on_a_phone(self):
        self.browser.resize(375, 812)
        self.open("guide/sandbox.html")
        self.browser.click(".search input")
        self.browser.press(*"deadline")
        self.browser.wait_for(OPTIONS + ".length > 0")
        left, right = self.value("(({left, right}) => [left, right])(document.querySelector('.results').getBoundingClientRect())")
        self.assertTrue(0 <= left < right <= 375, (left, right))
        self.assertEqual(self.value("document.scrollingElement.scrollWidth"), 375)

    # --- All pages

    def test_all_pages_on_a_phone(self):
        self.browser.resize(375, 812)
        for page in sorted(glob.glob("**/*.html", root_dir=site, recursive=True)):
            with self.subTest(page=page):
                self.open(page)
                self.assertEqual(self.value("document.scrollingElement.scrollWidth"), 375)
                self.assertEqual(self.value("document.querySelectorAll('h1').length"), 1)
                self.assert_quiet_console()

    def test_pictures(self):
        for page in ("guide/service.html", "guide/observing.html"):
            self.open(page)
            self.run_script("for (const each of document.images) each.loading = 'eager';")
            self.assertGreater(self.value("document.images.length"), 0)
            self.browser.run("return Promise.all([...document.images].map(each => each.decode()))")
            self.assertEqual(self.value("[...document.images].filter(each => !each.naturalWidth || !each.alt).map(each => each.src)"), [])

    # --- By keyboard, by ear, without scripts

    def test_the_keyboard_alone(self):
        for page in ("index.html", "reference/outcome.html"):
            self.open(page)
            self.browser.press("Tab")
            self.assertTrue(self.value("document.activeElement.matches('.skip') && "
                                       "document.activeElement.getBoundingClientRect().left >= 0"))
            stops = set()
            for _ in range(60):
                self.browser.press("Tab")
                what, is_seen = self.browser.run("""
                    const at = document.activeElement;
                    if (at === document.body) return ['body', true];
                    const style = getComputedStyle(at);
                    return [at.closest('.search, .theme, .brand, #tree, main, aside')?.className,
                            style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2];""")
                self.assertTrue(is_seen, self.value("document.activeElement.outerHTML"))
                stops.add(what)
            self.assertLessEqual({"search", "icon theme", "brand", "tree"}, stops)
        self.open("index.html")
        self.browser.press("Tab", "Enter", "Tab")
        self.assertTrue(self.value("document.activeElement.closest('main') !== null"))

    def test_what_a_screen_reader_gets(self):
        for page in KINDS:
            self.open(page)
            self.search("pool")
            nodes = [node for node in self.browser.devtools("Accessibility.getFullAXTree")["nodes"] if not node.get("ignored")]

            def names(role):
                return [node.get("name", {}).get("value", "") for node in nodes if node["role"]["value"] == role]

            for role in ("button", "combobox", "link", "image", "region", "navigation", "option", "listbox", "heading"):
                self.assertNotIn("", names(role), (page, role))
            self.assertEqual(names("combobox"), ["Search"])
            self.assertIn("Pages", names("navigation"))
            self.assertEqual((len(names("main")), len(names("banner"))), (1, 1))
            # Safari takes a list without signs for no list, outside of navigation.
            self.assertEqual(self.browser.run("""
                return [...document.querySelectorAll('ul, ol')].filter(each => !each.closest('nav') &&
                    getComputedStyle(each).listStyleType === 'none' && each.getAttribute('role') !== 'list')
                    .map(each => each.outerHTML.slice(0, 80));"""), [])
            levels = self.value("[...document.querySelectorAll('main :is(h1, h2, h3, h4)')].map(each => Number(each.tagName[1]))")
            self.assertTrue(all(next - last <= 1 for last, next in zip(levels, levels[1:])), (page, levels))

    def test_without_scripts(self):
        self.browser.devtools("Emulation.setScriptExecutionDisabled", value=True)
        self.addCleanup(self.browser.devtools, "Emulation.setScriptExecutionDisabled", value=False)
        self.browser.resize(375, 812)
        self.open("guide/start.html")
        nodes = [node for node in self.browser.devtools("Accessibility.getFullAXTree")["nodes"] if not node.get("ignored")]
        self.assertTrue(any(node["role"]["value"] == "link" and node["name"]["value"] == "Overview" for node in nodes))
        self.assertFalse(any(node["role"]["value"] in ("combobox", "button") for node in nodes))


if __name__ == "__main__":
    site = os.path.abspath(sys.argv.pop(1))
    if not webdriver.is_there():
        print("skipped: there is no chromium with chromedriver (on Debian: chromium chromium-driver)")
        sys.exit(SKIPPED)
    unittest.main(verbosity=2)
