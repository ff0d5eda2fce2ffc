# Copyright (c) 2026 The isolatte authors
# Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)
"""Runs the benchmarks and their peers in turn, and prints, stores, plots and compares the results.

tools/bench builds the benchmarks and calls this. The file of results has, for each row, the time a job
in microseconds and its ratio to the row that does the same by hand in the same round. `low` and `high`
are the quartiles over all rounds.
"""
import argparse
import datetime
import json
import os
import platform
import random
import re
import shutil
import statistics
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
BY_HAND = ("raw", "stream")
PEERS = ("boost_process", "thread_pool", "cpython_executor", "cpython_pool", "cpython_fresh", "ruby")
COUNTS = ("calls", "switches", "all_calls", "all_switches", "all_faults")
# Even quartiles that do not overlap are chance now and then, in a hundred rows. So a row has to
# get slower by this factor, too.
NOISE = 1.05
# Quartiles of fewer rounds say little.
FEW = 5

# Each ratio: its text, the row, and the row that it is a ratio to. A name is WHO/WHAT/PARAMETER:VALUE...
RATIOS = [
    ("an int : by hand", "async/int", "raw/int"),
    ("an int without leash, group, null devices, report : by hand", "async_bare/int", "raw/int"),
    ("an int, blocking : by hand", "blocking/int", "raw/int"),
    ("a struct : an int", "async/struct", "async/int"),
    ("an int by hand in Ruby : in C++", "ruby/int", "raw/int"),
    *((f"{n} in flight : by hand with as many", f"async/int/in_flight:{n}", f"raw/int/in_flight:{n}")
      for n in (1, 4, 16, 64, 1000)),
    ("1000 in flight : 16 in flight", "async/int/in_flight:1000", "async/int/in_flight:16"),
    ("fork server, an int : by hand", "server/int", "raw/int"),
    *((f"fork server, {n} in flight : by hand with as many", f"server/int/in_flight:{n}",
       f"raw/int/in_flight:{n}") for n in (1, 4, 16, 64, 1000)),
    ("fork server, 64 in flight : by hand in a process a processor", "server/int/in_flight:64",
     "raw/int_parallel/in_flight:64"),
    ("fork server with a template a processor, 64 in flight : by hand in a process a processor",
     "server/int_parallel/in_flight:64", "raw/int_parallel/in_flight:64"),
    ("fork server, now and then : by hand", "server/int_now_and_then", "raw/int_now_and_then"),
    ("fresh worker ahead of need : by hand", "pool_fresh/echo/workers:2/in_flight:1", "raw/int"),
    ("fresh worker ahead of need, 16 in flight : by hand with 16",
     "pool_fresh/echo/workers:2/in_flight:16", "raw/int/in_flight:16"),
    ("fresh worker, 16 in flight : mp.Pool(maxtasksperchild=1)",
     "pool_fresh/echo/workers:2/in_flight:16", "cpython_fresh/echo/workers:2/in_flight:16"),
    *((f"fork server, {n} MiB preloaded, {pages} pages : by hand, small", f"{who}/int/MiB:{n}", "raw/int")
      for n in (64, 256, 1024) for pages, who in (("small", "server_warm"), ("huge", "server_warm_huge"))),
    *((f"fork server, {n} MiB preloaded, now and then : by hand, small",
       f"server_warm_huge/int_now_and_then/MiB:{n}", "raw/int_now_and_then") for n in (64, 256, 1024)),
    *((f"fresh workers with 64 MiB preloaded, {n} in flight : with none", f"pool_fresh_warm/int/in_flight:{n}",
       f"pool_fresh/int/in_flight:{n}") for n in (1, 16)),
    ("a fault with its report : a fault by hand", "async/fault", "raw/fault"),
    ("a fault without a report : a fault by hand", "async_bare/fault", "raw/fault"),
    ("a program : posix_spawn by hand", "execute/program", "raw/program"),
    ("a program : Boost.Process v2", "execute/program", "boost_process/program"),
    ("map, string, pointer, first use in a child : stock archive", "async/first_use", "raw/first_use"),
    ("map, string, pointer, all of the job : stock archive by hand", "async/record", "raw/record"),
    ("64 MiB of doubles : stringstream and pipe by hand", "async/result/KiB:65536",
     "stream/result/KiB:65536"),
    *((f"{n} KiB, with the fork : 64 KiB pipe by hand", f"async/result/KiB:{n}", f"raw/result/KiB:{n}")
      for n in (4, 64, 256, 1024, 4096, 65536)),
    *((f"{n} KiB, the transfer alone : 64 KiB pipe by hand", f"async/transfer/KiB:{n}",
       f"raw/transfer/KiB:{n}") for n in (4, 64, 256, 1024, 4096, 65536)),
    *((f"{n} KiB from a warm worker : ProcessPoolExecutor", f"pool/result/KiB:{n}",
       f"cpython_executor/result/KiB:{n}") for n in (64, 1024, 4096)),
    ("1 GiB resident : by hand", "async/memory/MiB:1024", "raw/memory/MiB:1024"),
    ("1 GiB resident, early : without early", "async_early/memory/MiB:1024", "async/memory/MiB:1024"),
    ("1 GiB excluded from children : small, by hand", "async_excluded/memory/MiB:1024", "raw/int"),
    ("fork server, 1 GiB resident : by hand, small", "server/memory/MiB:1024", "raw/int"),
    ("fork server, 1 GiB resident : small", "server/memory/MiB:1024", "server/memory/MiB:1"),
    ("fork server, 1 GiB, now and then : by hand, small", "server/memory_now_and_then/MiB:1024",
     "raw/int_now_and_then"),
    *((f"sandbox ({box}) : none", f"async_sandbox/{box}", "async/int")
      for box in ("pure", "reader", "network", "processes", "own_network", "own_processes")),
    ("sandbox (pure) : by hand without one", "async_sandbox/pure", "raw/int"),
    ("fork server with a sandbox : without", "server_sandbox/pure", "server/int"),
    *((f"pool with a sandbox, {n} in flight : without", f"pool_sandbox/echo/workers:2/in_flight:{n}",
       f"pool/echo/workers:2/in_flight:{n}") for n in (1, 16)),
    *((f"pool with {what}, {n} in flight : without", f"{who}/echo/workers:2/in_flight:{n}",
       f"pool/echo/workers:2/in_flight:{n}")
      for who, what in (("pool_observed", "an observer that does nothing"), ("pool_metrics", "prometheus_metrics"))
      for n in (1, 16)),
    *((f"pool, {n} in flight : {text}", f"pool/echo/workers:2/in_flight:{n}",
       f"{who}/echo/workers:2/in_flight:{n}")
      for who, text in (("cpython_executor", "ProcessPoolExecutor"), ("cpython_pool", "mp.Pool"),
                        ("thread_pool", "asio::thread_pool"))
      for n in (1, 16, 64)),
    *((f"an int, {text} : without a conversation", f"{who}/int", "async/int")
      for who, text in (("async_untaken", "with a channel whose messages no part of the program takes"),
                        ("async_listened", "with on_message and no message"), ("async_stop", "with a stop token"))),
    ("a message of 64 bytes : one write and its part of a read by hand", "talk/post/bytes:64", "raw/post/bytes:64"),
    *((f"a message of 1 MiB, {text} : {than}", f"{who}/transfer/KiB:1024", base)
      for who, text in (("talk", "window 64 KiB"), ("talk_wide", "window 8 MiB"))
      for than, base in (("a result of 1 MiB, the transfer alone", "async/transfer/KiB:1024"),
                         ("a result of 1 MiB from a warm worker", "pool/result/KiB:1024"))),
    ("100,000 steps with post_latest : without", "talk_latest/work", "async/work"),
    *((f"a call of a resident, {n} in flight : a job of a pool", f"resident/int/workers:1/in_flight:{n}",
       f"pool/int/workers:1/in_flight:{n}") for n in (1, 16)),
    *((f"pool of {n} workers, 64 in flight : of 2", f"pool/echo/workers:{n}/in_flight:64",
       "pool/echo/workers:2/in_flight:64") for n in (4, 8, 16, 32)),
    *((f"pool of {n} workers, 4 threads in run() : 1 thread",
       f"pool/echo/workers:{n}/in_flight:64/threads:4", f"pool/echo/workers:{n}/in_flight:64")
      for n in (1, 2, 4, 8, 16, 32)),
]


def who_of(row):
    return row.split("/")[0]


def reading_order(row):
    """Puts rows with the same job and parameters together, numbers by their values."""
    who, what = row.split("/", 1)
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", what)], who


def baseline(row, rows):
    """The row by hand with the same job and parameters, else the int by hand; None for itself."""
    like = "/".join(["raw"] + row.split("/")[1:])
    base = like if like in rows and like != row else "raw/int"
    return base if base in rows and base != row else None


def spread(values):
    if len(values) == 1:
        low = high = values[0]
    else:
        low, _, high = statistics.quantiles(values, n=4, method="inclusive")
    return {"median": statistics.median(values), "low": low, "high": high}


def ratio(rows, row, base):
    """The spread of the ratios within each round, because the machine drifts from round to round."""
    pairs = zip(rows[row]["samples_us"], rows[base]["samples_us"])
    return spread([a / b for a, b in pairs])


def row_name(run_name):
    return re.sub(r"/(iterations:\d+|real_time|manual_time)", "", run_name)


# A run.

UNITS = {"ns": 1e-3, "us": 1, "ms": 1e3, "s": 1e6}


def give_up(why):
    """Not with the exit status of a comparison that has found something slower."""
    print(f"bench: {why}", file=sys.stderr)
    sys.exit(2)


def run_program(program, arguments):
    try:
        done = subprocess.run([program] + arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    except OSError as error:
        give_up(f"{program} cannot be run: {error.strerror}")
    if done.returncode != 0:
        give_up(f"{' '.join([program] + arguments)} ended with {done.returncode}:\n{done.stderr}")
    return done.stdout


def run_row(program, arguments, run_name):
    """The row twice in a process of its own: so all rows begin alike, and the first run warms up."""
    found = json.loads(run_program(program, arguments + [
        f"--benchmark_filter=^{run_name}$", "--benchmark_format=json", "--benchmark_repetitions=2"]))
    return found["context"], [one for one in found["benchmarks"] if one["run_type"] == "iteration"][-1]


def in_turn(run_names):
    """Shuffles the rows, but keeps those that differ only in WHO close together in time."""
    groups = {}
    for name in run_names:
        groups.setdefault(name.split("/", 1)[1], []).append(name)
    groups = list(groups.values())
    random.shuffle(groups)
    for group in groups:
        random.shuffle(group)
        yield from group


def run_peer(command):
    """The lines that a peer prints, or the reason why there are none."""
    if shutil.which(command[0]) is None:
        return [], f"there is no {command[0]}"
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        return [], (done.stderr.strip().splitlines() or [f"it ended with {done.returncode}"])[-1]
    return [line.split() for line in done.stdout.splitlines()], None


def first_line(path, pattern):
    try:
        with open(path, encoding="utf-8") as file:
            for line in file:
                found = re.match(pattern, line)
                if found:
                    return found.group(1)
    except OSError:
        pass
    return None


def output_of(*command):
    try:
        return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                              check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None


def describe_machine(context):
    flags = first_line("/proc/cpuinfo", r"flags\s*:(.*)") or ""
    kib = first_line("/proc/meminfo", r"MemTotal:\s*(\d+)")
    return {
        "processor": first_line("/proc/cpuinfo", r"model name\s*:\s*(.*)") or platform.machine(),
        "processors": os.cpu_count(),
        "virtual": "hypervisor" in flags.split(),
        "memory_gib": round(int(kib) / 2**20, 1) if kib else None,
        "system": f"{platform.system()} {platform.release()}",
        "compiler": context.get("compiler"),
        "boost": context.get("boost"),
        "python": platform.python_version(),
        "ruby": output_of("ruby", "-e", "print RUBY_VERSION"),
        "commit": output_of("git", "-C", HERE, "describe", "--always", "--dirty", "--exclude=*"),
        "date": datetime.date.today().isoformat(),
    }


def peer_filter(arguments):
    """What the peers are to measure, as --benchmark_filter says it for the program."""
    for argument in arguments:
        if argument.startswith("--benchmark_filter="):
            text = argument.split("=", 1)[1]
            return f"^(?!.*(?:{text[1:]}))" if text.startswith("-") else text
    return ""


def measure(program, repetitions, arguments):
    rows, missing = {}, {}
    load = os.getloadavg()[0]
    wanted = peer_filter(arguments)
    peers = {"CPython": [sys.executable, os.path.join(HERE, "cpython.py"), wanted],
             "Ruby": ["ruby", os.path.join(HERE, "ruby.rb"), wanted]}
    run_names = run_program(program, ["--benchmark_list_tests=true"] + arguments).split()
    context = {}

    def add(name, microseconds, **rest):
        row = rows.setdefault(name, {"samples_us": [], "cpu_us": []})
        row["samples_us"].append(microseconds)
        row["cpu_us"].append(rest.pop("cpu_us", None))
        row.update(rest)

    for turn in range(repetitions):
        print(f"round {turn + 1} of {repetitions}", file=sys.stderr)
        for run_name in in_turn(run_names):
            context, one = run_row(program, arguments, run_name)
            name = row_name(run_name)
            if one.get("error_occurred"):
                missing[name] = one["error_message"]
                continue
            rest = {key: one[key] for key in ("cpu_us", "bytes", "busy_us") if key in one}
            add(name, one["real_time"] * UNITS[one["time_unit"]] / one.get("jobs", 1), **rest)
        for peer, command in peers.items():
            lines, why = run_peer(command)
            if why:
                missing[peer] = why
            for line in lines:
                add(line[0], float(line[1]), **({"bytes": int(line[2])} if len(line) > 2 else {}))

    print("counting", file=sys.stderr)
    for run_name in run_names:
        name = row_name(run_name)
        if name in rows:
            _, one = run_row(program, ["--count"] + arguments, run_name)
            rows[name].update({key: one[key] for key in COUNTS if key in one})
    if not any("calls" in row for row in rows.values()):
        missing["system calls"] = "the kernel lets this user count none (root can)"
    if not wanted and "boost_process/program" not in rows:
        missing["Boost.Process v2"] = "this Boost has none"

    for name, row in rows.items():
        cpu = [value for value in row.pop("cpu_us") if value is not None]
        if cpu:
            row["cpu_us"] = statistics.median(cpu)
        row["us"] = spread(row["samples_us"])
        base = baseline(name, rows)
        if base:
            row["ratio"] = {"to": base, **ratio(rows, name, base)}
    machine = describe_machine(context)
    machine["load"] = [load, os.getloadavg()[0]]
    return {"machine": machine, "repetitions": repetitions, "missing": missing, "rows": rows}


# Printing.

def machine_of(results):
    machine = results["machine"]
    return (f"{machine['processor']}, {machine['processors']} processors"
            f"{', virtual' if machine.get('virtual') else ''}, {machine['system']}")


def machine_line(results):
    return f"{machine_of(results)}, {results['machine']['date']}"


def number(value):
    if value is None:
        return ""
    digits = 0 if value >= 1000 else 1 if value >= 10 else 2 if value >= 0.1 else 4
    return f"{value:.{digits}f}"


def percent(what):
    return f"{(what['high'] - what['low']) / what['median'] * 100:.0f} %"


def table(head, lines):
    """Aligns the cells: the first column to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(head, *lines)]
    for line in [head] + lines:
        cells = [line[0].ljust(widths[0])] + [cell.rjust(width) for cell, width in zip(line[1:], widths[1:])]
        print("  ".join(cells).rstrip())


def efficiency(row, name, processors):
    """The part of the processors' time that the jobs themselves used."""
    workers = int(re.search(r"workers:(\d+)", name).group(1))
    return row["busy_us"] / min(workers, processors) / row["us"]["median"]


def report(results):
    rows, machine = results["rows"], results["machine"]
    print(machine_line(results))
    print(f"{machine.get('compiler')}, Boost {machine.get('boost')}, commit {machine.get('commit')}")
    load = machine.get("load")
    if load:
        print(f"load average {load[0]:.1f} before, {load[1]:.1f} after, {results['repetitions']} rounds")
    for what, why in sorted(results["missing"].items()):
        print(f"missing: {what}: {why}")

    print("\nmedians a job; the spread is between the quartiles; ratios are to the row by hand")
    print("own: of this program alone; all: of this program and its children")
    lines = []
    for name in sorted(rows, key=reading_order):
        row = rows[name]
        us = row["us"]["median"]
        rate = f"{row['bytes'] / us / 2**30 * 1e6:.2f} GiB/s" if "bytes" in row else f"{1e6 / us:.0f}"
        lines.append([name, number(us), percent(row["us"]), rate,
                      number(row.get("ratio", {}).get("median")), number(row.get("cpu_us")),
                      *(number(row.get(key)) for key in COUNTS)])
    table(["row", "us", "spread", "a second", "ratio", "own CPU us", "own calls", "own switches",
           "all calls", "all switches", "all faults"], lines)

    print("\nratios")
    lines = []
    for text, row, base in RATIOS:
        if row in rows and base in rows:
            one = ratio(rows, row, base)
            lines.append([text, number(one["median"]), f"{number(one['low'])}-{number(one['high'])}"])
    table(["", "ratio", "quartiles"], lines)

    lines = [[name, f"{efficiency(row, name, machine['processors']):.2f}"]
             for name, row in sorted(rows.items()) if "busy_us" in row]
    if lines:
        print("\nefficiency: the jobs' own time, of the time of as many processors as can work")
        table(["row", "part"], lines)


# Comparing.

def compare(old, new):
    """Prints the rows of the library whose ratios grew beyond the spread; returns whether there are any."""
    slower, faster, left_out = [], [], []
    for name in sorted(old["rows"]):
        before = old["rows"][name].get("ratio")
        if who_of(name) in BY_HAND + PEERS or before is None:
            continue
        after = new["rows"].get(name, {}).get("ratio")
        if after is None:
            left_out.append(f"{name}: not in the new results")
        elif after["to"] != before["to"]:
            left_out.append(f"{name}: a ratio to {before['to']} then, to {after['to']} now")
        else:
            growth = after["median"] / before["median"]
            line = [name, before["to"], number(before["median"]), number(after["median"]),
                    f"{(growth - 1) * 100:+.0f} %"]
            if after["low"] > before["high"] and growth > NOISE:
                slower.append(line)
            elif after["high"] < before["low"] and growth < 1 / NOISE:
                faster.append(line)
    if machine_of(old) != machine_of(new):
        print(f"the machines differ: {machine_of(old)} then, {machine_of(new)} now")
    if min(old["repetitions"], new["repetitions"]) < FEW:
        print(f"fewer than {FEW} rounds: the spread may be larger than it looks")
    for what, lines in (("slower", slower), ("faster", faster)):
        if lines:
            table([what, "ratio to", "then", "now", ""], lines)
    for line in left_out:
        print(f"not compared: {line}")
    print(f"{len(slower)} slower, {len(faster)} faster, {len(left_out)} not compared")
    return bool(slower)


# Plotting.

def series(rows, pattern):
    """[(value, row)] of the rows whose names are `pattern` with a number for its asterisk."""
    expression = re.compile(re.escape(pattern).replace(r"\*", r"(\d+)") + "$")
    found = [(int(match.group(1)), row) for name, row in rows.items()
             if (match := expression.match(name))]
    return sorted(found, key=lambda pair: pair[0])


def time_of(row):
    return [row["us"][key] for key in ("median", "low", "high")]


def rate_of(row):
    return [1e6 / row["us"][key] for key in ("median", "high", "low")]


def speed_of(row):
    return [row["bytes"] / row["us"][key] / 2**30 * 1e6 for key in ("median", "high", "low")]


LINES = {
    "memory": ("Latency of a job against the memory of its program", "MiB resident", "microseconds a job",
               time_of, [
                   ("by hand", "raw/memory/MiB:*"),
                   ("async_fork", "async/memory/MiB:*"),
                   ("async_fork, early", "async_early/memory/MiB:*"),
                   ("async_fork, memory excluded", "async_excluded/memory/MiB:*"),
                   ("fork_server", "server/memory/MiB:*")]),
    "in_flight": ("Jobs a second against jobs in flight", "jobs in flight", "jobs a second",
                  rate_of, [
                      ("by hand", "raw/int/in_flight:*"),
                      ("async_fork", "async/int/in_flight:*"),
                      ("fork_server", "server/int/in_flight:*"),
                      ("worker_pool, 2 workers", "pool/echo/workers:2/in_flight:*"),
                      ("worker_pool, fresh processes", "pool_fresh/echo/workers:2/in_flight:*"),
                      ("ProcessPoolExecutor, 2 workers", "cpython_executor/echo/workers:2/in_flight:*"),
                      ("mp.Pool, 2 workers", "cpython_pool/echo/workers:2/in_flight:*"),
                      ("mp.Pool, fresh processes", "cpython_fresh/echo/workers:2/in_flight:*"),
                      ("asio::thread_pool (no isolation), 2",
                       "thread_pool/echo/workers:2/in_flight:*")]),
    "workers": ("Jobs a second against workers, 64 jobs in flight", "workers", "jobs a second",
                rate_of, [
                    ("worker_pool", "pool/echo/workers:*/in_flight:64"),
                    ("worker_pool, 4 threads in run()", "pool/echo/workers:*/in_flight:64/threads:4"),
                    ("ProcessPoolExecutor", "cpython_executor/echo/workers:*/in_flight:64"),
                    ("mp.Pool", "cpython_pool/echo/workers:*/in_flight:64"),
                    ("asio::thread_pool (no isolation)", "thread_pool/echo/workers:*/in_flight:64")]),
    "results": ("Throughput against the size of a result", "KiB a result", "GiB a second",
                speed_of, [
                    ("by hand, with the fork", "raw/result/KiB:*"),
                    ("async_fork", "async/result/KiB:*"),
                    ("stringstream by hand, with the fork", "stream/result/KiB:*"),
                    ("by hand, the transfer alone", "raw/transfer/KiB:*"),
                    ("async_fork, the transfer alone", "async/transfer/KiB:*"),
                    ("worker_pool", "pool/result/KiB:*"),
                    ("ProcessPoolExecutor", "cpython_executor/result/KiB:*"),
                    ("mp.Pool", "cpython_pool/result/KiB:*")]),
}
COLOURS = ("#444444", "#1f77b4", "#d62728", "#2ca02c", "#ff7f0e", "#9467bd", "#8c564b", "#e377c2", "#17becf")
BARS = [("by hand", "raw/int"), ("no sandbox", "async/int"), ("pure", "async_sandbox/pure"),
        ("reader", "async_sandbox/reader"), ("network", "async_sandbox/network"),
        ("processes", "async_sandbox/processes"), ("own network", "async_sandbox/own_network"),
        ("own processes", "async_sandbox/own_processes"), ("server", "server/int"),
        ("server, pure", "server_sandbox/pure")]


def quoted(text):
    return "'" + text.replace("'", "''") + "'"


def script_head(results, title, x, y):
    return "\n".join([
        "set terminal svg size 900,560 font 'sans-serif,13' background '#ffffff' noenhanced",
        f"set title {quoted(title)} . \"\\n\" . {quoted(machine_line(results))}",
        f"set xlabel {quoted(x)}", f"set ylabel {quoted(y)}",
        "set grid ytics back lt 1 lc rgb '#cccccc'", "set border 3", "set tics nomirror", ""])


def line_plot(results, name):
    """A script for gnuplot, or None if there is no row to draw."""
    title, x, y, value_of, wanted = LINES[name]
    blocks, plots, places = [], [], set()
    for (label, pattern), colour in zip(wanted, COLOURS):
        points = series(results["rows"], pattern)
        if points:
            block = f"$data{len(blocks)}"
            values = "\n".join(" ".join(map(str, [at, *value_of(row)])) for at, row in points)
            blocks.append(f"{block} << end\n{values}\nend\n")
            plots.append(f"{block} with yerrorlines lw 1.5 lc rgb '{colour}' title {quoted(label)}")
            places.update(at for at, _ in points)
    if not plots:
        return None
    return (script_head(results, title, x, y) + "set logscale xy\nset key below left reverse Left samplen 2 width -4 font ',11'\n"
            f"set xtics ({', '.join(map(str, sorted(places)))})\n"
            f"set xrange [{min(places) / 1.2}:{max(places) * 1.2}]\n" +
            "".join(blocks) + "plot " + ", ".join(plots) + "\n")


def bar_plot(results):
    bars = [(label, results["rows"][row]) for label, row in BARS if row in results["rows"]]
    if not bars:
        return None
    values = "\n".join(" ".join([json.dumps(label), *map(str, time_of(row))]) for label, row in bars)
    return (script_head(results, "Cost of a sandbox: a job that returns an int", "", "microseconds a job") +
            "set style data histogram\nset style histogram errorbars lw 1.5\nset style fill solid 0.6\nset linetype 1 lc rgb '#1f77b4'\n"
            "set boxwidth 0.8\nset yrange [0:*]\nset xtics rotate by -30\nunset key\n"
            f"$data << end\n{values}\nend\nplot $data using 2:3:4:xtic(1)\n")


def plot(results, folder):
    scripts = {name: line_plot(results, name) for name in LINES}
    scripts["sandbox"] = bar_plot(results)
    for name, script in scripts.items():
        path = os.path.join(folder, name + ".svg")
        if script is None:
            print(f"no {path}: there are no such rows")
            continue
        subprocess.run(["gnuplot"], input=f"set output {quoted(path)}\n" + script, text=True, check=True)
        print(path)


def read_results(path):
    try:
        with open(path, encoding="utf-8") as file:
            results = json.load(file)
        for key in ("machine", "repetitions", "missing", "rows"):
            results[key]
        return results
    except (OSError, ValueError, KeyError, TypeError) as error:
        give_up(f"{path} is no file of results: {error!r}")


def prepare(said):
    """Finds out before the rounds, which take long, whether there is a place for the results."""
    if said.plots and shutil.which("gnuplot") is None:
        give_up("there is no gnuplot (tools/install-dependencies bench)")
    try:
        if said.plots:
            os.makedirs(said.plots, exist_ok=True)
        if said.json:
            with open(said.json, "a", encoding="utf-8"):
                pass
    except OSError as error:
        give_up(f"{error.filename} cannot be written: {error.strerror}")


def main():
    parser = argparse.ArgumentParser(prog="tools/bench", allow_abbrev=False,
                                     description="Measures the library, the same by hand, and its peers.",
                                     epilog="Other arguments go to the benchmarks: --benchmark_filter=REGEX.")
    parser.add_argument("--program", metavar="FILE", help="the benchmarks, built already")
    parser.add_argument("--repetitions", metavar="N", type=int, default=9, help="rounds (9)")
    parser.add_argument("--json", metavar="FILE", help="write the results")
    parser.add_argument("--plots", metavar="FOLDER", help="write plots as SVG")
    parser.add_argument("--results", metavar="FILE", help="take the results from FILE instead of measuring")
    parser.add_argument("--compare", metavar="FILE",
                        help="say what is slower than in FILE; the exit status is then 1")
    said, arguments = parser.parse_known_args()
    if said.repetitions < 1:
        parser.error("at least one repetition")
    if bool(said.results) == bool(said.program):
        parser.error("either --program or --results")
    if said.results and arguments:
        parser.error("unknown arguments: " + " ".join(arguments))
    old = read_results(said.compare) if said.compare else None
    prepare(said)
    results = read_results(said.results) if said.results else measure(said.program, said.repetitions, arguments)
    if said.json:
        with open(said.json, "w", encoding="utf-8") as file:
            json.dump(results, file, indent=1, sort_keys=True)
            file.write("\n")
    if old is None or said.program:
        report(results)
    if said.plots:
        plot(results, said.plots)
    if old is not None and compare(old, results):
        sys.exit(1)


if __name__ == "__main__":
    main()
