"""Drives Chromium by the WebDriver protocol, without any package."""

import base64
import http.client
import json
import re
import shutil
import subprocess

PATIENCE = 90  # seconds; a bound for a machine that is slow
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
KEYS = {"Tab": "\ue004", "Enter": "\ue007", "Space": " ", "Escape": "\ue00c", "ArrowUp": "\ue013", "ArrowRight": "\ue014",
        "ArrowDown": "\ue015"}

# A function body that returns the contrast of each visible text with what is drawn below it, as WCAG 2 defines that, if
# that is too low. Texts in what matches the selector that is the argument do not count.
LOW_CONTRAST = """
    const canvas = new OffscreenCanvas(1, 1).getContext('2d', {willReadFrequently: true});
    const parse = css => {
      canvas.clearRect(0, 0, 1, 1);
      canvas.fillStyle = css;
      canvas.fillRect(0, 0, 1, 1);
      const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
      return {rgb: [r, g, b], a: a / 255};
    };
    const backgroundOf = element => {
      for (let at = element; at; at = at.parentElement) {
        const {rgb, a} = parse(getComputedStyle(at).backgroundColor);
        if (a === 1) return rgb;
      }
      return [255, 255, 255];
    };
    const luminance = rgb => rgb.map(c => c / 255).map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
        .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
    const found = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const element = walker.currentNode.parentElement;
      if (!walker.currentNode.data.trim() || !element.checkVisibility({checkVisibilityCSS: true}) || element.closest(arguments[0])) continue;
      const style = getComputedStyle(element);
      const isDrawn = element instanceof SVGElement;
      const [light, dark] = [luminance(parse(isDrawn ? style.fill : style.color).rgb), luminance(backgroundOf(element))]
          .sort((a, b) => b - a);
      const ratio = (light + 0.05) / (dark + 0.05);
      if (ratio < 4.5) found.push(`${ratio.toFixed(2)}: ${walker.currentNode.data.trim().slice(0, 40)}`);
    }
    return found;
"""


def is_there():
    return shutil.which("chromium") and shutil.which("chromedriver")


class Browser:
    def __init__(self, width=1280, height=1000):
        self.driver = subprocess.Popen(["chromedriver", "--port=0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                       text=True)
        self.connection = None
        self.session = None
        try:
            for line in self.driver.stdout:
                if found := re.search(r"started successfully on port (\d+)", line):
                    break
            else:
                raise RuntimeError("chromedriver does not start")
            self.connection = http.client.HTTPConnection("127.0.0.1", int(found[1]), timeout=2 * PATIENCE)
            # Chromium's own sandbox does not run as root, which test machines often are.
            arguments = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                         "--hide-scrollbars", f"--window-size={width},{height}"]
            made = self.command("POST", "/session", {"capabilities": {"alwaysMatch": {
                "browserName": "chrome", "goog:loggingPrefs": {"browser": "ALL"},
                "timeouts": {"script": PATIENCE * 1000, "pageLoad": PATIENCE * 1000},
                "goog:chromeOptions": {"args": arguments, "binary": shutil.which("chromium")}}}})
            self.session = f"/session/{made['sessionId']}"
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        try:
            if self.session:
                self.command("DELETE", self.session)
        finally:
            if self.connection:
                self.connection.close()
            self.driver.terminate()
            self.driver.wait()
            self.driver.stdout.close()

    def command(self, method, path, body=None):
        self.connection.request(method, path, json.dumps(body) if body is not None else None,
                                {"Content-Type": "application/json"})
        value = json.loads(self.connection.getresponse().read())["value"]
        if isinstance(value, dict) and "error" in value:
            raise RuntimeError(f"{value['error']}: {value['message']}")
        return value

    def do(self, what, **body):
        return self.command("POST", self.session + what, body)

    def open(self, url):
        self.do("/url", url=url)

    def reload(self):
        self.do("/refresh")

    def run(self, script, *arguments):
        """Runs a function body in the page, and returns what it returns."""
        return self.do("/execute/sync", script=script, args=list(arguments))

    def wait_for(self, condition, *arguments):
        """Waits until an expression is true, by looking whenever the page changes. Returns its value."""
        script = f"""
            const [done, args] = [arguments[arguments.length - 1], arguments];
            const look = () => {{ const value = (() => {condition})(); if (value) {{ watch.disconnect(); done(value); }} return value; }};
            const watch = new MutationObserver(look);
            if (!look()) watch.observe(document, {{attributes: true, characterData: true, childList: true, subtree: true}});
        """
        try:
            return self.do("/execute/async", script=script, args=list(arguments))
        except RuntimeError as error:
            raise AssertionError(f"does not become true: {condition}") from error

    def find(self, css):
        return self.do("/element", using="css selector", value=css)[ELEMENT]

    def click(self, css):
        self.run("document.querySelector(arguments[0]).scrollIntoView({block: 'center'})", css)
        self.do(f"/element/{self.find(css)}/click")

    def type(self, css, text):
        self.do(f"/element/{self.find(css)}/value", text=text)

    def press(self, *keys):
        """Presses keys, by their names or as characters, in whatever has the focus."""
        actions = [{"type": kind, "value": KEYS.get(key, key)} for key in keys for kind in ("keyDown", "keyUp")]
        self.do("/actions", actions=[{"type": "key", "id": "keyboard", "actions": actions}])

    def devtools(self, command, **parameters):
        return self.do("/goog/cdp/execute", cmd=command, params=parameters)

    def prefer(self, **features):
        self.devtools("Emulation.setEmulatedMedia",
                      features=[{"name": name.replace("_", "-"), "value": value} for name, value in features.items()])

    def resize(self, width, height, scale=1):
        self.devtools("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=scale,
                      mobile=width < 500)

    def picture(self):
        return base64.b64decode(self.devtools("Page.captureScreenshot", format="png")["data"])

    def console(self):
        return self.do("/se/log", type="browser")
