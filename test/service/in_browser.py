"""usage: in_browser.py PROGRAM [TEST...]
Tests the page of the service in Chromium."""

import json
import os
import signal
import sys
import tempfile
import unittest

sys.path.insert(1, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, "browser"))
import webdriver
from running_service import SKIPPED, Service, png

program = None

ROW = "[...document.querySelectorAll('#list > li')]"
LIVE = "document.querySelector('#connection').dataset.state === 'live'"


class Page(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.browser = webdriver.Browser()
        cls.addClassCleanup(cls.browser.close)

    def setUp(self):
        self.service = Service(program, "--timeout", "600000", "--grace", "600000", "--workers", "2", "--burst", "1000")
        self.addCleanup(self.service.__exit__, None, None, None)
        self.browser.resize(1280, 1000)
        self.browser.prefer(prefers_color_scheme="light", prefers_reduced_motion="no-preference")
        self.browser.console()  # what earlier tests have left
        self.open()

    def open(self):
        self.browser.open(self.service.url)
        self.browser.wait_for(LIVE)

    def tearDown(self):
        self.browser.open("about:blank")

    def assert_quiet_console(self, but=()):
        entries = [each["message"] for each in self.browser.console()]
        self.assertEqual([each for each in entries if not any(part in each for part in but)], [])

    def wait_for_row(self, title, kind):
        """Waits for a job's row by its title and its ending."""
        self.browser.wait_for(ROW + ".some(li => li.classList.contains(args[1]) && "
                                    "li.querySelector('.what b').textContent === args[0])", title, kind)

    def pid_of(self, number):
        return json.loads(self.service.ask("GET", f"/api/jobs/{number}").content)["job"]["pid"]

    def focus_on(self, css):
        """Goes there by the tabulator, and looks at each stop for a sign that it has the focus."""
        for _ in range(80):
            self.browser.press("Tab")
            state = self.browser.run("""
                const at = document.activeElement;
                if (at === document.body) return ['none', false];
                const shown = at.matches('.filter input') ? at.nextElementSibling : at;
                const style = getComputedStyle(shown);
                return [style.outlineStyle === 'none' || parseFloat(style.outlineWidth) < 2 ? at.outerHTML : '',
                        at.matches(arguments[0])];""", css)
            if state[0] != "none":
                self.assertEqual(state[0], "", "has the focus, and does not look so")
            if state[1]:
                return
        self.fail(f"the tabulator does not lead to {css}")

    def test_an_upload(self):
        # A name of this kind would be markup where text is taken for that.
        name = "<img src=x onerror=alert(1)>.png"
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, name)
            with open(path, "wb") as file:
                file.write(png(320, 160))
            self.browser.type("#file", path)
            self.wait_for_row(name, "good")
        self.browser.click("#list summary")
        self.assertEqual(self.browser.wait_for("document.querySelector('#list canvas')?.ariaLabel"),
                         "Thumbnail, 96 by 48 pixels")
        middle = self.browser.run("""const c = document.querySelector('#list canvas');
                                     return [...c.getContext('2d').getImageData(48, 24, 1, 1).data];""")
        self.assertEqual(middle, [0x20, 0x80, 0xc0, 0xff])
        self.assertFalse(self.browser.run("return document.querySelector('#list img') !== null"))
        self.assert_quiet_console()

    def drop(self, css, names):
        self.browser.run("""
            const dataTransfer = new DataTransfer();
            for (const name of arguments[1]) dataTransfer.items.add(new File(['no image'], name));
            const target = document.querySelector(arguments[0]);
            for (const kind of ['dragover', 'drop'])
              target.dispatchEvent(new DragEvent(kind, {dataTransfer, bubbles: true, cancelable: true}));""", css, names)

    def test_files_that_are_dropped(self):
        # One that is dropped outside the zone would be opened in place of the page.
        self.drop("#jobs", ["one.bin", "two.bin"])
        for name in ("one.bin", "two.bin"):
            self.wait_for_row(name, "warn")
        self.browser.wait_for("document.querySelector('#answer').textContent === 'Sent 2 of 2 files.'")
        self.assertFalse(self.browser.run("return document.querySelector('#drop').classList.contains('over')"))
        self.assert_quiet_console()

    def test_more_files_than_the_service_takes_at_a_time(self):
        self.service.__exit__()
        self.service = Service(program, "--rate", "1", "--burst", "2", "--workers", "1", "--max-file", "1")
        self.addCleanup(self.service.__exit__, None, None, None)
        self.open()
        self.browser.run("""
            const dataTransfer = new DataTransfer();
            for (const [name, size] of [['a', 1], ['b', 1], ['large', 2000], ['c', 1]])
              dataTransfer.items.add(new File(['x'.repeat(size)], name));
            document.body.dispatchEvent(new DragEvent('drop', {dataTransfer, bubbles: true, cancelable: true}));""")
        self.browser.wait_for("document.querySelector('#answer').textContent.includes('c, file 4 of 4, waits')")
        self.wait_for_row("c", "warn")
        self.browser.wait_for("document.querySelector('#answer').textContent === "
                              "'Sent 3 of 4 files. Not sent: large has 2\u00a0KiB, and 1\u00a0KiB are the most.'")
        self.assert_quiet_console(but=["429"])

    def test_a_file_that_is_gone(self):
        with tempfile.NamedTemporaryFile(suffix=".png") as file:
            # The page hears of it after the file is gone.
            self.browser.run("addEventListener('change', event => event.stopImmediatePropagation(), {capture: true, once: true})")
            self.browser.type("#file", file.name)
            name = os.path.basename(file.name)
        self.browser.run("document.querySelector('#file').dispatchEvent(new Event('change'))")
        self.browser.wait_for("document.querySelector('#answer.bad')?.textContent === args[0]", f"Not sent: {name} cannot be read.")

    def test_details_that_stay(self):
        self.browser.click("[data-sample=crash]")
        self.wait_for_row("Crash", "bad")
        self.browser.click("#list summary")
        self.browser.wait_for("document.querySelector('#list .fault')")
        self.browser.click("#list summary")
        self.service.process.kill()
        self.browser.wait_for("document.querySelector('#connection').dataset.state === 'lost'")
        self.browser.run("for (const each of document.querySelectorAll('#list details')) each.open = true;")
        self.browser.wait_for("document.querySelector('#list .fault')?.checkVisibility()")
        # The service cannot be asked.
        self.assertFalse(self.browser.run("return document.querySelector('#list').textContent.includes('cannot be had')"))

    def test_drawn_images(self):
        self.browser.click("#draw")
        self.wait_for_row("drawing.png", "good")
        self.browser.click("#draw-damaged")
        self.wait_for_row("drawing-damaged.png", "warn")
        self.assert_quiet_console()

    def test_a_pattern(self):
        self.browser.click("#pattern-form .primary")
        self.wait_for_row(r"(\w+)@(\w+)\.org", "good")
        self.browser.click("#list summary")
        self.browser.wait_for("document.querySelectorAll('#list mark').length === 2")
        self.browser.click("[data-pattern='(a|b)*c']")
        self.browser.click("#pattern-form .primary")
        self.wait_for_row("(a|b)*c", "bad")
        self.assert_quiet_console()

    def test_watching_a_crash_and_a_reload(self):
        self.browser.click("[data-sample=crash]")
        self.wait_for_row("Crash", "bad")
        self.browser.click("#list summary")
        self.browser.wait_for("document.querySelector('#list .fault')?.textContent.includes('SIGSEGV at 0xdead0000')")
        self.assertIn("crash", self.browser.run("return document.querySelector('#list pre').textContent"))
        self.browser.wait_for("document.querySelector('#announcer').textContent.includes('faulted')")
        self.browser.wait_for("document.querySelector('#failed').textContent === '1'")
        self.browser.wait_for("document.querySelector('#latency path.bad') && document.querySelector('#throughput rect.bad')")
        self.browser.reload()
        self.wait_for_row("Crash", "bad")
        self.browser.wait_for(LIVE)
        self.assert_quiet_console()

    def test_a_job_that_runs(self):
        self.browser.resize(320, 812)
        height = "return document.querySelector('#workers').clientHeight"
        before = self.browser.run(height)
        self.browser.click("[data-sample=loop]")
        self.wait_for_row("Loop", "live")
        self.assertEqual(self.browser.run(height), before)
        self.browser.wait_for("document.querySelector('#workers .busy')?.textContent.includes('job 1')")
        self.browser.wait_for("document.querySelector('#running').textContent === '1'")
        self.browser.click("#list summary")
        self.browser.wait_for("document.querySelector('#list .more').textContent.includes('The worker says')")
        # The end of its process, which the service did not want, is one more way to end.
        os.kill(self.pid_of(1), signal.SIGKILL)
        self.wait_for_row("Loop", "gone")
        self.browser.wait_for("document.querySelector('#list .what').textContent.includes('killed: SIGKILL')")
        self.browser.wait_for("document.querySelector('#list .more').textContent.includes('processor')")
        self.assert_quiet_console()

    def test_the_keyboard_alone(self):
        self.focus_on("[data-sample=thief]")
        self.browser.press("Enter")
        self.wait_for_row("File thief", "warn")
        self.focus_on(".filter input")
        self.browser.press("ArrowRight")
        self.browser.wait_for("!document.querySelector('#list > li').checkVisibility()")
        self.browser.press("ArrowRight")
        self.browser.wait_for("document.querySelector('#list > li').checkVisibility()")
        self.focus_on("#list summary")
        self.browser.press("Enter")
        self.browser.wait_for("document.querySelector('#list .more p')")
        # The row keeps the focus while others come.
        self.service.post("/api/samples/crash")
        self.wait_for_row("Crash", "bad")
        self.assertTrue(self.browser.run("return document.activeElement.matches('#list li:last-child summary')"))
        self.assert_quiet_console()

    def send_and_focus_on_link(self, sample):
        """Focuses on the link to the jobs as soon as it is there, for it does not go away while it has the focus."""
        self.browser.run("""
            const link = document.querySelector('#watch');
            new MutationObserver((_, watch) => {
              if (link.hidden) return;
              watch.disconnect();
              link.focus();
            }).observe(link, {attributes: true});""")
        self.browser.click(f"[data-sample={sample}]")
        self.browser.wait_for("document.activeElement.id === 'watch'")

    def assert_at_jobs(self):
        self.browser.wait_for("document.activeElement.id === 'jobs'")
        self.assertEqual(self.browser.run("""
            const {top, bottom} = document.querySelector('#jobs .heading').getBoundingClientRect();
            return [top >= 0 && bottom <= innerHeight, document.querySelector('#answer').textContent,
                    document.querySelector('#watch').checkVisibility()];"""), [True, "", False])

    def test_the_link_to_the_jobs(self):
        self.browser.resize(375, 812)
        self.browser.click("[data-pattern='(a|b)*c']")  # sends nothing
        self.assertEqual(self.browser.run("""
            return [document.querySelector('#pattern').value, document.querySelector('#watch').checkVisibility()];"""),
                         ["(a|b)*c", False])
        self.send_and_focus_on_link("crash")
        self.browser.click("#watch")
        self.assert_at_jobs()
        self.send_and_focus_on_link("thief")
        self.browser.press("Enter")
        self.assert_at_jobs()
        self.assert_quiet_console()

    def test_what_a_screen_reader_gets(self):
        self.browser.click("[data-sample=crash]")
        self.wait_for_row("Crash", "bad")
        self.browser.wait_for("document.querySelector('#latency svg')?.ariaLabel.includes('median')")
        nodes = [node for node in self.browser.devtools("Accessibility.getFullAXTree")["nodes"] if not node.get("ignored")]

        def names(role):
            return [node["name"]["value"] for node in nodes if node["role"]["value"] == role]

        for role in ("button", "textbox", "radio", "image", "DisclosureTriangle"):
            self.assertNotIn("", names(role), role)
        self.assertCountEqual(names("heading"), ["A service that cannot be crashed", "Send a file", "Search a text",
                                                 "Attack the service", "Now", "Throughput", "Latency", "Jobs"])
        self.assertEqual(len(names("main")), 1)
        self.assertIn("Text", names("textbox"))
        self.assertTrue(any("faulted" in name and "Crash" in name for name in names("DisclosureTriangle")), nodes)
        self.assertTrue(any("median" in name for name in names("image")))
        self.assertEqual(self.browser.run("return document.documentElement.lang"), "en")
        # Safari takes a list without signs for no list.
        self.assertEqual(self.browser.run("""
            return [...document.querySelectorAll('ul, ol')].filter(each => getComputedStyle(each).listStyleType === 'none' &&
                each.getAttribute('role') !== 'list').map(each => each.id);"""), [])

    def test_colours(self):
        for sample, title, kind in (("crash", "Crash", "bad"), ("memory", "Memory bomb", "warn")):
            self.browser.click(f"[data-sample={sample}]")
            self.wait_for_row(title, kind)
        self.browser.click("#draw")
        self.wait_for_row("drawing.png", "good")
        self.browser.click("[data-sample=loop]")
        self.wait_for_row("Loop", "live")
        self.browser.run("for (const each of document.querySelectorAll('#list details')) each.open = true;")
        self.browser.wait_for("document.querySelectorAll('#list .more > *').length > 8")
        backgrounds = []
        for scheme in ("light", "dark"):
            self.browser.prefer(prefers_color_scheme=scheme)
            self.assertEqual(self.browser.run(webdriver.LOW_CONTRAST, ".unseen, .skip"), [], scheme)
            backgrounds.append(self.browser.run("return getComputedStyle(document.body).backgroundColor"))
        self.assertNotEqual(*backgrounds)

    def test_reduced_motion(self):
        self.browser.click("[data-sample=loop]")
        self.wait_for_row("Loop", "live")
        moving = "return getComputedStyle(document.querySelector('.live .badge'), '::before').animationName"
        self.assertEqual(self.browser.run(moving), "pulse")
        self.browser.prefer(prefers_reduced_motion="reduce")
        self.assertEqual(self.browser.run(moving), "none")

    def test_a_phone(self):
        self.use_phone(375)

    def test_a_usual_window_at_four_times_the_size(self):
        self.use_phone(320)

    def use_phone(self, width):
        self.browser.resize(width, 812)
        self.open()
        self.browser.click("[data-sample=crash]")
        self.wait_for_row("Crash", "bad")
        self.browser.click("#draw")
        self.wait_for_row("drawing.png", "good")
        name = "name-of-a-file-that-is-longer-than-a-line" * 4
        self.service.send_file(b"no image", name)
        self.wait_for_row(name, "warn")
        is_cut = """(() => { const b = document.querySelector('#list li .what b');
                             return b.scrollWidth > b.clientWidth && getComputedStyle(b).overflow === 'hidden'; })()"""
        self.assertTrue(self.browser.run("return " + is_cut))
        self.browser.run("for (const each of document.querySelectorAll('#list details')) each.open = true;")
        self.browser.wait_for("document.querySelector('#list canvas') && document.querySelector('#list pre')")
        self.assertFalse(self.browser.run("return " + is_cut))
        self.assertEqual(self.browser.run("return document.scrollingElement.scrollWidth"), width)
        small = self.browser.run("""
            return [...document.querySelectorAll('button, summary, .filter span')].filter(each => {
              const {width, height} = each.getBoundingClientRect();
              return each.checkVisibility() && (width < 24 || height < 36);
            }).map(each => each.textContent);""")
        self.assertEqual(small, [])

    def test_a_service_that_stops_and_comes_back(self):
        self.browser.click("[data-sample=crash]")
        self.wait_for_row("Crash", "bad")
        self.browser.click("[data-sample=loop]")
        self.wait_for_row("Loop", "live")
        pid = self.pid_of(2)
        self.service.stop()
        self.browser.wait_for("document.querySelector('#connection').dataset.state === 'stopping'")
        os.kill(pid, signal.SIGKILL)
        self.browser.wait_for("document.querySelector('#connection').dataset.state === 'lost'")
        self.assertEqual(self.service.wait()[0], 0)
        self.wait_for_row("Crash", "bad")  # what has been seen can still be read
        self.browser.click("[data-sample=crash]")
        self.browser.wait_for("document.querySelector('#answer.bad')?.textContent === 'The service does not answer.'")
        again = Service(program, "--workers", "2", port=self.service.port)
        self.addCleanup(again.__exit__, None, None, None)
        self.browser.wait_for(LIVE)
        self.browser.wait_for(ROW + ".length === 0")
        self.browser.click("[data-sample=crash]")
        self.wait_for_row("Crash", "bad")
        self.assert_quiet_console(but=["ERR_CONNECTION_REFUSED", "ERR_INCOMPLETE_CHUNKED_ENCODING"])

    def test_more_than_the_limits(self):
        self.service.__exit__()
        self.service = Service(program, "--max-file", "1", "--rate", "1", "--burst", "1", "--workers", "1")
        self.addCleanup(self.service.__exit__, None, None, None)
        self.open()
        self.browser.click("#draw")
        self.browser.wait_for("document.querySelector('#answer.bad')?.textContent.startsWith('Not sent: drawing.png has')")
        self.browser.run("for (let i = 0; i !== 4; ++i) document.querySelector('[data-sample=thief]').click();")
        self.browser.wait_for("document.querySelector('#answer.bad')?.textContent.includes('Try again in 1 s.')")
        self.assert_quiet_console(but=["429"])


if __name__ == "__main__":
    program = os.path.abspath(sys.argv.pop(1))
    if not webdriver.is_there():
        print("skipped: there is no chromium with chromedriver (on Debian: chromium chromium-driver)")
        sys.exit(SKIPPED)
    unittest.main(verbosity=2)
