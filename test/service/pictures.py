"""usage: pictures.py PROGRAM FOLDER
Writes the pictures of the service that the documents show. They are smaller if there is a pngquant."""

import os
import random
import shutil
import subprocess
import sys
import time

sys.path.insert(1, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, "browser"))
from running_service import Service, png
from webdriver import Browser


def fill(service):
    """Sends jobs of all kinds, so that there is something to see."""
    random.seed(13)
    with open("/bin/sh", "rb") as file:
        shell = file.read()
    for _ in range(40):
        time.sleep(random.expovariate(1))
        kind = random.choice("fffppiid")
        if kind == "f":
            answer = service.send_file(shell, "sh")
        elif kind == "i":
            answer = service.send_file(png(random.randrange(40, 1500), 400), "map.png")
        elif kind == "p":
            answer = service.send_pattern(r"(\w+)@(\w+)\.org", "ada@example.org wrote to grace@navy.org")
        else:
            answer = service.post("/api/samples/" + random.choice(["phone", "forks", "thief"]))
        service.end_of(answer)
    for sample in ("thief", "memory", "loop", "crash"):
        service.end_of(service.post(f"/api/samples/{sample}"))


def main(program, folder):
    with Service(program, "--rate", "1000", "--burst", "1000", "--workers", "4", "--timeout", "5000") as service, Browser() as browser:
        browser.resize(1280, 940)
        browser.open(service.url)
        fill(service)
        browser.click("#draw")
        browser.wait_for("document.querySelector('#list > li.good .what b')?.textContent === 'drawing.png'")
        browser.run("document.querySelector('#list > li.bad details').open = true")
        browser.wait_for("document.querySelector('#list .fault')")
        browser.run("document.querySelector('.answers').style.visibility = 'hidden'")
        for name, scheme, width, height in (("service", "light", 1280, 940), ("service-dark", "dark", 1280, 940)):
            browser.prefer(prefers_color_scheme=scheme)
            browser.resize(width, height)
            write(folder, name, browser, service)
        browser.resize(390, 844, 2)
        browser.run("document.querySelector('#jobs').scrollIntoView()")
        write(folder, "service-phone", browser, service)


def write(folder, name, browser, service):
    if not browser.run("return document.querySelector('#list > li.live') !== null"):
        service.post("/api/samples/loop")
        browser.wait_for("document.querySelector('#list > li.live')")
    browser.wait_for("document.querySelector('#latency svg')")
    path = os.path.join(folder, name + ".png")
    with open(path, "wb") as file:
        file.write(browser.picture())
    if shutil.which("pngquant"):
        subprocess.run(["pngquant", "--force", "--strip", "--output", path, "128", path], check=True)


main(*sys.argv[1:])
