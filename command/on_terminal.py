# Copyright (c) 2026 The isolatte authors
# Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

"""usage: on_terminal.py ISOLATTE-RUN

Tests the command isolatte-run on a terminal, as the job of a shell that this program plays.
"""

import fcntl
import os
import pty
import re
import select
import shlex
import signal
import struct
import subprocess
import sys
import tempfile
import termios

CTRL_C, CTRL_Z = b"\x03", b"\x1a"

# The time within which something new has to come to the screen.
PATIENCE = 60

run = os.path.abspath(sys.argv[1])


class Failed(Exception):
    pass


def play_shell(arguments, in_front, orders, answers):
    """Runs one job, and obeys: `wait`, `front`, `back`. Runs in the leader of the terminal's session."""
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    own = os.getpgrp()
    job = os.fork()
    if job == 0:
        os.setpgid(0, 0)
        if in_front:
            os.tcsetpgrp(0, os.getpid())
        signal.signal(signal.SIGTTOU, signal.SIG_DFL)
        os.execv(arguments[0], arguments)
    try:
        os.setpgid(job, job)
    except PermissionError:
        pass  # The job runs already.
    # The job may have handed the terminal on by now: only its first process brings it to the front.
    os.write(answers, b"%d\n" % job)
    for order in os.fdopen(orders):
        if order == "wait\n":
            _, status = os.waitpid(job, os.WUNTRACED)
            if os.WIFSTOPPED(status):
                how = "stopped"
            elif os.WIFSIGNALED(status):
                how = "signal %d" % os.WTERMSIG(status)
            else:
                how = "exit %d" % os.WEXITSTATUS(status)
            holder = os.tcgetpgrp(0)
            whose = "job's" if holder == job else "shell's" if holder == own else "other's"
            os.tcsetpgrp(0, own)
            os.write(answers, ("%s, %s\n" % (how, whose)).encode())
        else:
            if order == "front\n":
                os.tcsetpgrp(0, job)
            os.killpg(job, signal.SIGCONT)
            os.write(answers, b"in " + order.encode())


class Terminal:
    """A terminal with a session, and one job."""

    def __init__(self, arguments, in_front=True, shell=True, columns=80):
        self.seen = ""
        order_read, self.orders = os.pipe()
        self.answers, answer_write = os.pipe()
        pid, self.keyboard = pty.fork()
        if pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("4H", 24, columns, 0, 0))
            if not shell:
                os.execv(arguments[0], arguments)
            play_shell(arguments, in_front, order_read, answer_write)
            os._exit(0)
        self.leader = pid
        os.close(order_read)
        os.close(answer_write)
        self.answer = os.fdopen(self.answers)
        if shell:
            self.job = int(self.answer.readline())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.close(self.orders)
        self.answer.close()
        os.kill(self.leader, signal.SIGKILL)
        os.waitpid(self.leader, 0)
        os.close(self.keyboard)

    def type(self, text):
        os.write(self.keyboard, text)

    def expect(self, pattern):
        """Reads until the pattern is on the screen, and forgets what is up to it."""
        while True:
            found = re.search(pattern, self.seen)
            if found:
                self.seen = self.seen[found.end() :]
                return found
            if not select.select([self.keyboard], [], [], PATIENCE)[0]:
                raise Failed("no %r in %d s, but %r" % (pattern, PATIENCE, self.seen))
            try:
                more = os.read(self.keyboard, 4096)
            except OSError:
                more = b""
            if not more:
                raise Failed("no %r, but %r" % (pattern, self.seen))
            self.seen += more.decode(errors="replace")

    def wait(self):
        os.write(self.orders, b"wait\n")
        return self.answer.readline().rstrip()

    def to_front(self):
        os.write(self.orders, b"front\n")
        # A key that is pressed before goes to the shell.
        same(self.answer.readline(), "in front\n")

    def to_back(self):
        os.write(self.orders, b"back\n")
        same(self.answer.readline(), "in back\n")


def same(got, wanted):
    if got != wanted:
        raise Failed("%r, not %r" % (got, wanted))


def the_program_reads_the_keyboard(_):
    with Terminal([run, "--", "sh", "-c", "read line; echo got $line"]) as terminal:
        terminal.type(b"hello\n")
        terminal.expect("got hello")
        same(terminal.wait(), "exit 0, job's")


class Alive:
    """A file that a script has open, to tell when all its processes have ended."""

    def __init__(self, folder):
        self.path = os.path.join(folder, "fifo")
        os.mkfifo(self.path)
        self.reader = os.open(self.path, os.O_RDONLY | os.O_NONBLOCK)

    def await_end(self):
        poll = select.poll()
        poll.register(self.reader, 0)
        while True:
            try:
                os.read(self.reader, 1)
                break  # No process has it open.
            except BlockingIOError:
                poll.poll()
        os.close(self.reader)


# The signal of the program's end may come before the end itself is seen, or after.
def the_command_ends_with_the_program(_):
    for _ in range(30):
        with Terminal([run, "--", "true"]) as terminal:
            same(terminal.wait(), "exit 0, job's")


def a_timeout_ends_the_whole_tree(folder):
    alive = Alive(folder)
    script = "exec 3>%s; sleep 1000 & wait" % alive.path
    with Terminal([run, "-t", "1s", "--", "sh", "-c", script]) as terminal:
        same(terminal.wait(), "exit 124, job's")
        alive.await_end()


def the_whole_tree_ends_with_the_command(folder):
    alive = Alive(folder)
    script = "exec 3>%s; sleep 1000 & echo ready; wait" % alive.path
    with Terminal([run, "--", "sh", "-c", script]) as terminal:
        terminal.expect("ready")
        os.kill(terminal.job, signal.SIGKILL)
        alive.await_end()
        same(terminal.wait().split(",")[0], "signal 9")


def ctrl_c_is_the_programs_alone(_):
    program = """
import os, signal, sys, time
count = 0
def note(*_):
    global count
    count += 1
    os.write(1, b"INT\\n")
signal.signal(signal.SIGINT, note)
print("ready", flush=True)
sys.stdin.readline()
# Longer than the grace.
time.sleep(0.4)
print("count", count, flush=True)
"""
    arguments = [run, "--grace", "100ms", "--", sys.executable, "-c", program]
    with Terminal(arguments) as terminal:
        terminal.expect("ready")
        terminal.type(CTRL_C)
        terminal.expect("INT")
        terminal.type(b"\n")
        terminal.expect("count 1\r")
        same(terminal.wait(), "exit 0, job's")


def a_program_that_ctrl_c_ends_ends_the_job(_):
    with Terminal([run, "--", "sh", "-c", "echo ready; exec sleep 1000"]) as terminal:
        terminal.expect("ready")
        terminal.type(CTRL_C)
        same(terminal.wait(), "signal 2, job's")


def ctrl_c_ends_a_script_too(_):
    inner = "%s -- sh -c 'echo rea''dy; exec sleep 1000'" % shlex.quote(run)
    with Terminal(["/bin/sh", "-c", inner + "; echo went on"]) as terminal:
        terminal.expect("ready")
        terminal.type(CTRL_C)
        same(terminal.wait(), "signal 2, job's")
        if "went on" in terminal.seen:
            raise Failed("the script goes on")


def ctrl_z_stops_the_job_and_fg_continues_it(_):
    program = """
import os, signal, sys
signal.signal(signal.SIGCONT, lambda *_: os.write(1, b"back\\n"))
print("ready", flush=True)
print("got", sys.stdin.readline(), flush=True)
"""
    with Terminal([run, "--", sys.executable, "-c", program]) as terminal:
        terminal.expect("ready")
        for _ in range(3):
            terminal.type(CTRL_Z)
            same(terminal.wait(), "stopped, job's")
            terminal.to_front()
            terminal.expect("back")
        terminal.type(b"more\n")
        terminal.expect("got more")
        same(terminal.wait(), "exit 0, job's")


def a_job_in_the_background_stops_when_it_reads(_):
    script = "read line; echo got $line"
    with Terminal([run, "--", "sh", "-c", script], in_front=False) as terminal:
        same(terminal.wait(), "stopped, shell's")
        terminal.to_front()
        terminal.type(b"late\n")
        terminal.expect("got late")
        same(terminal.wait(), "exit 0, job's")


def a_job_that_goes_on_in_the_background_leaves_the_terminal_to_the_shell(folder):
    if subprocess.run([run, "--sandbox", "--", "true"], stderr=subprocess.DEVNULL).returncode != 0:
        print("left out: there are no sandboxes")
        return
    # The command reads the interpreter for the sandbox, before it starts the program.
    interpreter = os.path.join(folder, "interpreter")
    os.mkfifo(interpreter, 0o755)
    script = os.path.join(folder, "script")
    with open(script, "w") as file:
        file.write("#!" + interpreter + "\n")
    os.chmod(script, 0o755)
    with Terminal([run, "--sandbox", "--", script]) as terminal:
        with open(interpreter, "w"):
            os.kill(terminal.job, signal.SIGTSTP)
            same(terminal.wait(), "stopped, job's")
            terminal.to_back()
        same(terminal.wait(), "exit 126, shell's")


def without_a_shell_ctrl_z_does_nothing(_):
    script = "echo ready; read line; echo got $line"
    with Terminal([run, "--", "sh", "-c", script], shell=False) as terminal:
        terminal.expect("ready")
        terminal.type(CTRL_Z)
        terminal.type(b"on\n")
        terminal.expect("got on")


def modes_of_the_terminal_are_restored(_):
    with Terminal([run, "--", "sh", "-c", "stty raw -echo; kill -KILL $$"]) as terminal:
        same(terminal.wait(), "exit 137, job's")
        if not termios.tcgetattr(terminal.keyboard)[3] & termios.ECHO:
            raise Failed("the terminal does not echo")


def map_on(folder, columns):
    """A map of three lines, two at once, each of which waits for a word in a file of its own."""
    for each in "123":
        os.mkfifo(os.path.join(folder, each))
    lines = os.path.join(folder, "lines")
    with open(lines, "w") as file:
        file.write("1\n2\n3\n")
    command = "%s map -J 2 -- sh -c 'read word <%s/{}; echo $word' <%s" % (
        shlex.quote(run),
        folder,
        lines,
    )
    return Terminal(["/bin/sh", "-c", command], columns=columns)


def let_go(folder, *which):
    for each in which:
        with open(os.path.join(folder, each), "w") as file:
            file.write("word" + each + "\n")


def a_map_shows_a_bar_from_its_beginning(folder):
    with map_on(folder, 80) as terminal:
        terminal.expect(r"\[\.{30}\] 0 of 3 done, 0 failed, 2 running")
        let_go(folder, "1")
        terminal.expect("word1")
        terminal.expect(r"\[#{10}\.{20}\] 1 of 3 done, 0 failed, 2 running")
        let_go(folder, "2", "3")
        terminal.expect("word2(.|\r|\n)*word3")
        same(terminal.wait(), "exit 0, job's")


def a_bar_fits_into_a_narrow_terminal(folder):
    with map_on(folder, 20) as terminal:
        drawn = terminal.expect("\r\033\\[K([^\r\n\033]*0 of 3[^\r\n\033]*)\r\033").group(1)
        if len(drawn) > 19:
            raise Failed("%r is too long" % drawn)
        let_go(folder, "1", "2", "3")
        same(terminal.wait(), "exit 0, job's")


failures = 0
for test in (
    the_program_reads_the_keyboard,
    the_command_ends_with_the_program,
    a_timeout_ends_the_whole_tree,
    the_whole_tree_ends_with_the_command,
    ctrl_c_is_the_programs_alone,
    a_program_that_ctrl_c_ends_ends_the_job,
    ctrl_c_ends_a_script_too,
    ctrl_z_stops_the_job_and_fg_continues_it,
    a_job_in_the_background_stops_when_it_reads,
    a_job_that_goes_on_in_the_background_leaves_the_terminal_to_the_shell,
    without_a_shell_ctrl_z_does_nothing,
    modes_of_the_terminal_are_restored,
    a_map_shows_a_bar_from_its_beginning,
    a_bar_fits_into_a_narrow_terminal,
):
    print(test.__name__, flush=True)
    with tempfile.TemporaryDirectory() as scratch:
        try:
            test(scratch)
        except Failed as error:
            print("FAILED:", error, flush=True)
            failures += 1
sys.exit(failures != 0)
