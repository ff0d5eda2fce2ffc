"""usage: over_http.py PROGRAM [TEST...]
Tests the service over HTTP."""

import http.client
import json
import os
import select
import signal
import socket
import subprocess
import sys
import unittest

from running_service import PATIENCE, Service, is_listening, jobs_in, png

program = None

# Jobs that do no harm have as long as they need, also on a machine that is slow.
PATIENT = ["--timeout", "60000", "--workers", "2"]


class Endings(unittest.TestCase):
    """Each job ends as it has to, and the service goes on."""

    @classmethod
    def setUpClass(cls):
        cls.service = Service(program, *PATIENT, "--rate", "1000", "--burst", "1000")
        cls.addClassCleanup(cls.service.__exit__, None, None, None)

    def end_of(self, response):
        return self.service.end_of(response)

    def attack(self, name):
        return self.end_of(self.service.post(f"/api/samples/{name}"))

    def test_elf_file(self):
        with open("/bin/sh", "rb") as file:
            end = self.end_of(self.service.send_file(file.read(), "caf%C3%A9"))
        self.assertEqual(end["job"]["label"], "café")
        self.assertEqual(end["job"]["ending"], "returned", end)
        self.assertIn("-bit", end["details"]["summary"])
        sections = {row[0]: row[1] for table in end["details"]["tables"] for row in table["rows"]}
        self.assertEqual((sections[".text"], sections[".gnu.version"]), ("data", "versions"))

    def test_damaged_elf_file(self):
        with open("/bin/sh", "rb") as file:
            content = bytearray(file.read())
        content[40:48] = b"\xf0" * 8  # the place of the sections
        end = self.end_of(self.service.send_file(bytes(content)))
        self.assertEqual(end["job"]["ending"], "threw")
        self.assertIn("damaged", end["details"]["exception"])

    def test_image(self):
        end = self.end_of(self.service.send_file(png(200, 100), "image.png"))
        self.assertEqual(end["job"]["ending"], "returned", end)
        thumbnail = end["details"]["thumbnail"]
        self.assertEqual((thumbnail["width"], thumbnail["height"]), (96, 48))
        self.assertIn(["Size", "200 × 100"], end["details"]["facts"])

    def test_damaged_image(self):
        content = bytearray(png())
        content[45] ^= 0xff
        end = self.end_of(self.service.send_file(bytes(content)))
        self.assertEqual(end["job"]["ending"], "threw")
        self.assertIn("libpng", end["details"]["exception"])

    def test_other_file(self):
        end = self.end_of(self.service.send_file(b"#!/bin/sh\n"))
        self.assertEqual(end["job"]["ending"], "threw")
        self.assertIn("neither", end["details"]["exception"])

    def test_empty_file(self):
        self.assertEqual(self.end_of(self.service.send_file(b""))["job"]["ending"], "threw")

    def test_pattern(self):
        end = self.end_of(self.service.send_pattern(r"(\w)\1", "aa é bb"))
        self.assertEqual(end["job"]["ending"], "returned", end)
        self.assertEqual(end["details"]["parts"], [{"text": "aa", "match": True}, {"text": " é ", "match": False},
                                                   {"text": "bb", "match": True}])

    def test_wrong_pattern(self):
        self.assertEqual(self.end_of(self.service.send_pattern("(", "text"))["job"]["ending"], "threw")

    def test_pattern_that_overflows_the_stack(self):
        end = self.end_of(self.service.send_pattern("(a|b)*c", "ab" * 30000))
        self.assertEqual(end["job"]["ending"], "faulted")
        self.assertTrue(end["details"]["fault"]["overflow"])

    def test_crash(self):
        end = self.attack("crash")
        self.assertEqual(end["job"]["ending"], "faulted")
        self.assertEqual(end["details"]["fault"]["signal"], "SIGSEGV")
        self.assertEqual(end["details"]["fault"]["address"], "0xdead0000")
        self.assertIn("crash", end["details"]["fault"]["trace"])

    def test_stack_overflow(self):
        self.assertEqual(self.attack("overflow")["job"]["headline"], "the stack overflowed")

    def test_memory_bomb(self):
        end = self.attack("memory")
        self.assertEqual((end["job"]["ending"], end["job"]["headline"]), ("threw", "std::bad_alloc"))

    def test_fork_bomb(self):
        self.assertIn("fork", self.attack("forks")["job"]["headline"])

    def test_file_thief(self):
        self.assertIn("/etc/passwd", self.attack("thief")["job"]["headline"])

    def test_phone(self):
        self.assertEqual(self.attack("phone")["details"]["fault"]["call"], "socket")

    def test_shot_at_the_service(self):
        self.assertEqual(self.attack("shoot")["details"]["fault"]["call"], "kill")


class Timeout(unittest.TestCase):
    def test_loop(self):
        with Service(program, "--timeout", "300") as service:
            end = service.end_of(service.post("/api/samples/loop"))
            self.assertEqual(end["job"]["ending"], "timed_out")
            self.assertIn("300 ms", end["job"]["headline"])


    def test_a_worker_that_talks_without_end(self):
        with Service(program, "--timeout", "500") as service:
            with service.events() as events:
                events.until(lambda kind, _: kind == "snapshot")
                number = json.loads(service.post("/api/samples/flood").content)["id"]
                told = []
                events.until(lambda kind, data: told.extend(jobs_in(kind, data)) or
                             any(job["state"] == "ended" for job in told))
            self.assertEqual((told[-1]["id"], told[-1]["ending"]), (number, "timed_out"))
            self.assertLess(len(told), 20)
            self.assertLess(max(len(job.get("stage", "")) for job in told), 300)


class Pages(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.service = Service(program, *PATIENT)
        cls.addClassCleanup(cls.service.__exit__, None, None, None)

    def test_files_of_the_site(self):
        for path, kind in (("/", "text/html"), ("/service.css", "text/css"), ("/app.js", "text/javascript"),
                           ("/favicon.svg", "image/svg+xml")):
            response = self.service.ask("GET", path)
            self.assertEqual(response.status, 200)
            self.assertTrue(response.headers["Content-Type"].startswith(kind))
            self.assertIn("default-src 'none'", response.headers["Content-Security-Policy"])
            self.assertNotIn("unsafe", response.headers["Content-Security-Policy"])
            self.assertEqual(response.headers["X-Content-Type-Options"], "nosniff")
            self.assertEqual(response.headers["X-Frame-Options"], "DENY")
            self.assertNotIn("Access-Control-Allow-Origin", response.headers)

    def test_head(self):
        whole = self.service.ask("GET", "/")
        head = self.service.ask("HEAD", "/")
        self.assertEqual((head.status, head.content), (200, b""))
        self.assertEqual(head.headers["Content-Length"], str(len(whole.content)))

    def test_what_is_not_there(self):
        for path in ("/nothing", "/../main.cpp", "/api/jobs/", "/api/jobs/99999", "/api/jobs/1x", "/api/jobs/-1"):
            self.assertEqual(self.service.ask("GET", path).status, 404, path)
        self.assertEqual(self.service.post("/api/samples/nothing").status, 404)

    def test_wrong_methods(self):
        self.assertEqual(self.service.ask("DELETE", "/").status, 405)
        self.assertEqual(self.service.ask("GET", "/api/files").headers["Allow"], "POST")

    def test_wrong_bodies(self):
        self.assertEqual(self.service.post("/api/files", b"x").status, 415)
        for body in (b"", b"{", b"[]", b'{"pattern": 1, "text": ""}', b'{"pattern": "a"}', b'{"pattern": "", "text": ""}',
                     b"[" * 60000):
            response = self.service.post("/api/patterns", body, Content_Type="application/json")
            self.assertEqual(response.status, 400, body[:40])

    def test_one_connection_for_many_requests(self):
        connection = self.service.connect()
        for _ in range(3):
            connection.request("GET", "/")
            response = connection.getresponse()
            self.assertTrue(response.read())
            self.assertFalse(response.will_close)
        connection.close()

    def test_what_is_not_http(self):
        for sent, status in ((b"\x16\x03\x01\x02\x00\r\n\r\n", b" 400 "), (b"GET / HTTP/1.1\r\nX: " + b"y" * 9000, b" 431 "),
                             (b"POST /api/files HTTP/1.1\r\nContent-Length: -1\r\n\r\n", b" 400 "),
                             (b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n", b" 400 ")):
            with socket.create_connection(("127.0.0.1", self.service.port), PATIENCE) as raw:
                raw.sendall(sent)
                self.assertIn(status, raw.makefile("rb").readline(), sent[:40])

    def test_expect_continue(self):
        with self.service.begin_upload(2) as upload:
            self.assertEqual(upload.first, 100)
            upload.send(b"hi")
            self.assertEqual(upload.status(), 202)

    def test_metrics(self):
        self.service.end_of(self.service.post("/api/samples/crash"))
        response = self.service.ask("GET", "/metrics")
        self.assertTrue(response.headers["Content-Type"].startswith("text/plain; version=0.0.4"))
        self.assertRegex(response.content.decode(), r'(?m)^service_responses_total\{status="202"\} [1-9]')
        self.assertRegex(response.content.decode(), r'(?m)^isolatte_jobs_total\{launcher="pool",ending="faulted"\} [1-9]')


class OtherSites(unittest.TestCase):
    """What pages of other sites may do by a visitor's browser: nothing."""

    @classmethod
    def setUpClass(cls):
        cls.service = Service(program, *PATIENT, "--host", "isolatte.example")
        cls.addClassCleanup(cls.service.__exit__, None, None, None)

    def test_other_names(self):
        for host in ("evil.example", "127.0.0.1.evil.example", "localhost.evil.example:80", "", "[::2]", "localhost@evil",
                     "localhost:80@evil.example", "localhost:evil", "[::1]:80:80"):
            for path in ("/", "/api/events"):
                self.assertEqual(self.service.ask("GET", path, Host=host).status, 421, host)
        for host in ("localhost", f"127.0.0.1:{self.service.port}", "[::1]:80", "LOCALHOST", "isolatte.example"):
            self.assertEqual(self.service.ask("GET", "/", Host=host).status, 200, host)

    def test_own_addresses(self):
        with Service(program, *PATIENT, "--address", "0.0.0.0", errors=subprocess.PIPE) as service:
            self.assertEqual(service.url, f"http://localhost:{service.port}/")
            self.assertIn("no TLS", service.process.stderr.readline())
            service.process.stderr.close()
            for reached in ("127.0.0.1", "127.0.0.2"):
                for host, status in (("127.0.0.2", 200 if reached == "127.0.0.2" else 421), ("127.0.0.3", 421),
                                     ("evil.example", 421), ("0.0.0.0", 421), ("localhost", 200)):
                    connection = http.client.HTTPConnection(reached, service.port, timeout=PATIENCE)
                    connection.request("GET", "/", headers={"Host": f"{host}:{service.port}"})
                    self.assertEqual(connection.getresponse().status, status, (reached, host))
                    connection.close()

    def test_own_addresses_of_ipv6(self):
        try:
            socket.create_server(("::1", 0), family=socket.AF_INET6).close()
        except OSError:
            self.skipTest("this system has no IPv6")
        with Service(program, *PATIENT, "--address", "::", errors=subprocess.DEVNULL) as service:
            for reached, host in (("::1", "[::1]"), ("127.0.0.2", "127.0.0.2")):
                connection = http.client.HTTPConnection(reached, service.port, timeout=PATIENCE)
                connection.request("GET", "/", headers={"Host": f"{host}:{service.port}"})
                self.assertEqual(connection.getresponse().status, 200, host)
                connection.close()

    def test_post_without_the_header(self):
        self.assertEqual(self.service.ask("POST", "/api/samples/crash").status, 403)

    def test_post_of_another_origin(self):
        for origin in ("http://evil.example", "null", f"http://localhost:{self.service.port + 1}", "http://localhost"):
            self.assertEqual(self.service.post("/api/samples/thief", Origin=origin).status, 403, origin)
        own = f"http://127.0.0.1:{self.service.port}"
        self.assertEqual(self.service.post("/api/samples/thief", Origin=own).status, 202)

    def test_requests_that_the_browser_marks(self):
        for site in ("cross-site", "same-site"):
            for path in ("/api/events", "/app.js", "/metrics"):
                self.assertEqual(self.service.ask("GET", path, Sec_Fetch_Site=site).status, 403, path)
            # A link may lead here.
            self.assertEqual(self.service.ask("GET", "/", Sec_Fetch_Site=site).status, 200)

    def test_preflight(self):
        response = self.service.ask("OPTIONS", "/api/files", Origin="http://evil.example",
                                    Access_Control_Request_Headers="X-Isolatte")
        self.assertEqual(response.status, 403)
        self.assertNotIn("Access-Control-Allow-Origin", response.headers)


class Limits(unittest.TestCase):
    def test_size(self):
        with Service(program, *PATIENT, "--max-file", "64") as service:
            self.assertEqual(service.send_file(b"x" * (64 << 10)).status, 202)
            refused = service.send_file(b"x" * (64 << 10) + b"x")
            self.assertEqual(refused.status, 413)
            self.assertIn(b"65536 bytes", refused.content)
            self.assertEqual(service.send_file(iter([b"x" * 50000, b"x" * 50000])).status, 413)
            self.assertEqual(service.send_file(iter([b"x" * 5000, b"x" * 5000])).status, 202)
            self.assertEqual(service.send_pattern("a", "x" * 70000).status, 413)

    def test_rate_of_a_client(self):
        with Service(program, *PATIENT, "--rate", "1", "--burst", "3") as service:
            answers = [service.post("/api/samples/thief") for _ in range(8)]
            statuses = [each.status for each in answers]
            self.assertEqual(statuses[:3], [202, 202, 202])
            self.assertIn(429, statuses)
            refused = answers[statuses.index(429)]
            self.assertGreaterEqual(int(refused.headers["Retry-After"]), 1)

    def test_rate_of_all(self):
        with Service(program, *PATIENT, "--total-rate", "1", "--total-burst", "2") as service:
            self.assertIn(429, [service.post("/api/samples/thief").status for _ in range(6)])

    def test_queue(self):
        with Service(program, "--timeout", "60000", "--workers", "1", "--queue", "2", "--grace", "0") as service:
            statuses = [service.post("/api/samples/loop").status for _ in range(4)]
            self.assertEqual(statuses, [202, 202, 202, 503])

    def test_share_of_the_queue(self):
        with Service(program, "--timeout", "60000", "--workers", "1", "--queue", "4", "--client-queue", "1") as service:
            statuses = [service.post("/api/samples/loop").status for _ in range(3)]
            self.assertEqual(statuses, [202, 202, 429])
            statuses = [service.post("/api/samples/loop", source="127.0.0.2").status for _ in range(3)]
            self.assertEqual(statuses, [202, 202, 429])

    def test_clients_take_turns(self):
        with Service(program, "--timeout", "600000", "--workers", "1") as service, service.events() as events:
            service.post("/api/samples/loop")
            kind, data = events.until(lambda kind, data: any(job["state"] == "running" for job in jobs_in(kind, data)))
            many = [json.loads(service.post("/api/samples/thief").content)["id"] for _ in range(8)]
            other = json.loads(service.post("/api/samples/thief", source="127.0.0.2").content)["id"]
            os.kill(jobs_in(kind, data)[0]["pid"], signal.SIGKILL)
            ended = []
            events.until(lambda kind, data: ended.extend(job["id"] for job in jobs_in(kind, data) if job["state"] == "ended")
                         or {*many, other} <= {*ended})
            self.assertIn(other, ended[:3], "has to be the first after the loop, or the second")

    MEMORY = ["--timeout", "600000", "--workers", "1", "--max-file", "1024", "--client-uploads", "1", "--max-uploads", "2"]

    def test_memory_for_uploads(self):
        with Service(program, *self.MEMORY) as service:
            self.assertEqual(service.post("/api/samples/loop").status, 202)
            # The files wait for the worker, and so do their bytes.
            self.assertEqual(service.send_file(b"x" * (900 << 10)).status, 202)
            response = service.send_file(b"x" * (900 << 10))
            self.assertEqual((response.status, response.headers["Retry-After"]), (429, "1"))
            self.assertEqual(service.send_file(b"x" * (100 << 10)).status, 202)
            self.assertEqual(service.send_file(b"x" * (900 << 10), source="127.0.0.2").status, 202)
            response = service.send_file(b"x" * (900 << 10), source="127.0.0.3")
            self.assertEqual((response.status, response.headers["Retry-After"]), (503, "1"))

    def test_memory_comes_back(self):
        with Service(program, *PATIENT, "--max-file", "1024", "--client-uploads", "1", "--max-uploads", "1") as service:
            for _ in range(3):
                service.end_of(service.send_file(b"x" * (900 << 10)))
                with service.begin_upload(900 << 10) as upload:
                    upload.send(b"x" * (300 << 10))
                    # The service reads the rest of a refused body, so this is the end of all.
                    upload.socket.shutdown(socket.SHUT_WR)
                    self.assertEqual(upload.status(), 400)

    def test_heads_take_no_memory_of_others(self):
        with Service(program, *self.MEMORY) as service:
            uploads = [service.begin_upload(1 << 20, f"127.0.0.{last}") for last in range(2, 8)]
            self.assertEqual([upload.first for upload in uploads], [100] * 6)
            with service.begin_upload(1 << 20, "127.0.0.2") as upload:
                self.assertEqual(upload.first, 429)
            self.assertEqual(service.send_file(b"x" * (1 << 20)).status, 202)
            for each in uploads:
                each.__exit__()

    def test_memory_that_is_gone_when_the_body_comes(self):
        with Service(program, *self.MEMORY) as service:
            service.post("/api/samples/loop")
            with service.begin_upload(1 << 20, "127.0.0.4") as upload:
                self.assertEqual(upload.first, 100)
                for source in ("127.0.0.2", "127.0.0.3"):
                    self.assertEqual(service.send_file(b"x" * (1 << 20), source=source).status, 202)
                upload.send(b"x")
                self.assertEqual(upload.status(), 503)

    def test_body_that_does_not_come(self):
        with Service(program, *PATIENT, "--patience", "100") as service, service.begin_upload(1000) as upload:
            self.assertEqual(upload.first, 100)
            self.assertEqual(upload.status(), 408)

    def test_body_that_comes_too_slowly(self):
        with Service(program, *PATIENT, "--patience", "100", "--slowest", "1000") as service:
            with service.begin_upload(1 << 20) as upload:
                sent = 0
                while not upload.has_answer(0.02):
                    upload.send(b"x")
                    sent += 1
                self.assertEqual(upload.status(), 408)
                self.assertLess(sent, 1000)

    def test_large_body_that_comes_steadily(self):
        with Service(program, *PATIENT, "--patience", "1000", "--slowest", "1") as service:
            # 100 KiB are worth 100 s, so the pause that is longer than the patience does no harm.
            with service.begin_upload(200 << 10, begin=b"x" * (100 << 10)) as upload:
                self.assertFalse(upload.has_answer(1.5))
                upload.send(b"x" * (100 << 10))
                self.assertEqual(upload.status(), 202)

    def test_connections_of_a_client(self):
        with Service(program, *PATIENT, "--client-connections", "2") as service:
            held = [service.connect() for _ in range(2)]
            for each in held:
                each.request("GET", "/")
                self.assertEqual(each.getresponse().read()[:2], b"<!")
            with socket.create_connection(("127.0.0.1", service.port), PATIENCE) as raw:
                self.assertEqual(raw.recv(1), b"")
            for each in held:
                each.close()

    def test_streams_of_a_client(self):
        with Service(program, *PATIENT, "--client-streams", "1") as service:
            with service.events() as first:
                first.until(lambda kind, _: kind == "snapshot")
                self.assertEqual(service.ask("GET", "/api/events").status, 503)


class EventStream(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.service = Service(program, *PATIENT)
        cls.addClassCleanup(cls.service.__exit__, None, None, None)

    def test_states_of_a_job(self):
        with self.service.events() as events:
            self.assertEqual(events.until(lambda *_: True)[0], "snapshot")
            number = json.loads(self.service.post("/api/samples/thief").content)["id"]
            states = []

            def is_end(kind, data):
                mine = [job for job in jobs_in(kind, data) if job["id"] == number]
                states.extend(job["state"] for job in mine)
                return states[-1:] == ["ended"]

            events.until(is_end)
            self.assertEqual(sorted(set(states), key=states.index), ["queued", "running", "ended"])

    def test_going_on_after_a_break(self):
        with self.service.events() as events:
            events.until(lambda kind, _: kind == "snapshot")
            last = events.last
        number = json.loads(self.service.post("/api/samples/thief").content)["id"]
        with self.service.events(last) as events:
            kind, data = events.until(lambda kind, _: kind != "second")
            self.assertEqual((kind, data["job"]["id"]), ("job", number))

    def test_coming_back_with_an_id_of_another_run(self):
        for last in ("1-1", "nonsense", "99999999999999999999-1"):
            with self.service.events(last) as events:
                self.assertEqual(events.until(lambda *_: True)[0], "snapshot")

    def test_seconds(self):
        with self.service.events() as events:
            data = events.until(lambda kind, _: kind == "second")[1]
            self.assertEqual(len(data["overview"]["workers"]), 2)
            self.assertGreater(data["second"]["at"], 0)


class Stop(unittest.TestCase):
    def test_jobs_end_and_streams_too(self):
        with Service(program, "--timeout", "700", "--grace", "60000") as service:
            with service.events() as events:
                service.post("/api/samples/loop")
                events.until(lambda kind, data: any(job["state"] == "running" for job in jobs_in(kind, data)))
                service.stop()
                kinds = []
                events.until(lambda kind, _: kinds.append(kind) or kind == "stopped")
                self.assertLess(kinds.index("stopping"), kinds.index("job"))
                self.assertTrue(events.is_at_end)
            self.assertEqual(service.wait(), (0, "stopped; jobs cut short: 0"))

    def test_a_job_that_does_not_end(self):
        with Service(program, "--timeout", "600000", "--grace", "100") as service:
            with service.events() as events:
                service.post("/api/samples/loop")
                events.until(lambda kind, data: any(job["state"] == "running" for job in jobs_in(kind, data)))
                service.stop(signal.SIGINT)
                kind, data = events.until(lambda kind, data: any(job["state"] == "ended" for job in jobs_in(kind, data)))
                self.assertEqual(jobs_in(kind, data)[0]["ending"], "cancelled")
            self.assertEqual(service.wait(), (0, "stopped; jobs cut short: 1"))

    def test_no_connection_and_no_job_after_that(self):
        with Service(program, "--timeout", "600000", "--grace", "600000", "--workers", "1") as service:
            kept = service.connect()
            kept.request("GET", "/")
            kept.getresponse().read()
            with service.events() as events:
                service.post("/api/samples/loop")
                events.until(lambda kind, data: any(job["state"] == "running" for job in jobs_in(kind, data)))
                service.stop()
                events.until(lambda kind, _: kind == "stopping")
                self.assertFalse(is_listening(service.port))
                # A connection that waits for a request is closed.
                self.assertEqual(kept.sock.recv(1), b"")
                service.stop()  # the second signal ends all
                self.assertEqual(service.process.wait(PATIENCE), -signal.SIGTERM)
            kept.close()

    def test_nothing_is_left(self):
        with Service(program, *PATIENT) as service:
            service.end_of(service.post("/api/samples/crash"))
            children = service.children()
            self.assertTrue(children)
            service.stop()
            self.assertEqual(service.wait()[0], 0)
            self.assertEqual([pid for pid in children if os.path.exists(f"/proc/{pid}")], [])
            self.assertFalse(is_listening(service.port))

    def test_children_die_with_a_service_that_is_killed(self):
        with Service(program, "--timeout", "600000") as service:
            with service.events() as events:
                service.post("/api/samples/loop")
                events.until(lambda kind, data: any(job["state"] == "running" for job in jobs_in(kind, data)))
            ends = [os.pidfd_open(pid) for pid in service.children()]
            self.assertTrue(ends)
            service.process.kill()
            waiting = select.poll()
            for fd in ends:
                waiting.register(fd, select.POLLIN)
            left = set(ends)
            while left:
                ready = waiting.poll(PATIENCE * 1000)
                self.assertTrue(ready, "a child is still there")
                for fd, _ in ready:
                    waiting.unregister(fd)
                    os.close(fd)
                    left.discard(fd)


class Arguments(unittest.TestCase):
    def test_wrong_ones(self):
        for arguments in (["--port", "70000"], ["--workers", "0"], ["--colour"], ["x"], ["--timeout", "soon"],
                          ["--address", "localhost"], ["--host", "http://isolatte.example"], ["--host", "isolatte.example:80"],
                          ["--max-file", "2000", "--client-uploads", "1"], ["--max-file", "2000", "--max-uploads", "1"]):
            done = subprocess.run([program, *arguments], capture_output=True, text=True, timeout=PATIENCE)
            self.assertEqual(done.returncode, 64, arguments)
            self.assertIn("--help", done.stderr)
        done = subprocess.run([program, "--help"], capture_output=True, text=True, timeout=PATIENCE)
        self.assertEqual(done.returncode, 0)
        self.assertIn("--grace", done.stdout)

    def test_a_port_that_is_taken(self):
        with Service(program) as service:
            done = subprocess.run([program, "--port", str(service.port)], capture_output=True, text=True, timeout=PATIENCE)
            self.assertEqual(done.returncode, 71)
            self.assertEqual(done.stderr, f"service: cannot listen on 127.0.0.1:{service.port}: Address already in use\n")


if __name__ == "__main__":
    program = os.path.abspath(sys.argv.pop(1))
    unittest.main(verbosity=2)
