# Copyright (c) 2026 The isolatte authors
# Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)
"""The jobs of bench/pool.cpp on CPython's ProcessPoolExecutor: jobs a second for each number in flight."""
import concurrent.futures as futures
import sys
import time


def echo(text):
    return text


def jobs_per_second(pool, jobs, at_once):
    text = "x" * 64
    began = time.perf_counter()
    waiting = {pool.submit(echo, text) for _ in range(at_once)}
    started, ended = at_once, 0
    while ended < jobs:
        done, waiting = futures.wait(waiting, return_when=futures.FIRST_COMPLETED)
        ended += len(done)
        for _ in done:
            if started < jobs:
                waiting.add(pool.submit(echo, text))
                started += 1
    return jobs / (time.perf_counter() - began)


if __name__ == "__main__":
    with futures.ProcessPoolExecutor(max_workers=2) as pool:
        jobs_per_second(pool, 500, 16)
        for at_once in map(int, sys.argv[1:]):
            print(at_once, round(jobs_per_second(pool, 5000, at_once)))
