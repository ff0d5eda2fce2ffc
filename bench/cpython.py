# Copyright (c) 2026 The isolatte authors
# Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)
"""Rows of CPython's process pools: the jobs of bench/pool.cpp and the results of bench/result.cpp.

usage: cpython.py [REGEX]    measures the rows whose names match
Prints a line for each row: its name, the microseconds a job, and the bytes a job if they matter.
"""
import concurrent.futures
import multiprocessing
import re
import sys
import threading
import time


def echo(text):
    return text


def make(size):
    return bytes(size)


class Executor:
    def __init__(self, workers):
        self.pool = concurrent.futures.ProcessPoolExecutor(max_workers=workers)

    def start(self, done, function, argument):
        self.pool.submit(function, argument).add_done_callback(lambda future: done(future.result()))

    def stop(self):
        self.pool.shutdown()


class Pool:
    def __init__(self, workers, jobs_a_worker=None):
        self.pool = multiprocessing.Pool(workers, maxtasksperchild=jobs_a_worker)

    def start(self, done, function, argument):
        self.pool.apply_async(function, (argument,), callback=done)

    def stop(self):
        self.pool.close()
        self.pool.join()


def fresh_pool(workers):
    return Pool(workers, jobs_a_worker=1)


def microseconds_a_job(pool, jobs, in_flight, function, argument):
    free = threading.Semaphore(in_flight)
    ended = threading.Semaphore(0)

    def done(_):
        free.release()
        ended.release()

    began = time.perf_counter()
    for _ in range(jobs):
        free.acquire()
        pool.start(done, function, argument)
    for _ in range(jobs):
        ended.acquire()
    return (time.perf_counter() - began) / jobs * 1e6


def rows():
    """Yields (name, maker of the pool, workers, in flight, jobs, function, argument, bytes a job)."""
    text = "x" * 64
    for who, make_pool in (("cpython_executor", Executor), ("cpython_pool", Pool)):
        shapes = [(2, in_flight) for in_flight in (1, 4, 16, 256)]
        shapes += [(workers, 64) for workers in (1, 2, 4, 8, 16, 32)]
        for workers, in_flight in shapes:
            name = f"{who}/echo/workers:{workers}/in_flight:{in_flight}"
            yield name, make_pool, workers, in_flight, 2000, echo, text, None
        for kib in (4, 64, 256, 1024, 4096):
            yield f"{who}/result/KiB:{kib}", make_pool, 1, 1, 20, make, kib * 1024, kib * 1024
    for in_flight in (1, 16):
        name = f"cpython_fresh/echo/workers:2/in_flight:{in_flight}"
        yield name, fresh_pool, 2, in_flight, 100, echo, text, None


if __name__ == "__main__":
    wanted = re.compile(sys.argv[1] if len(sys.argv) > 1 else "")
    for name, make_pool, workers, in_flight, jobs, function, argument, size in rows():
        if not wanted.search(name):
            continue
        pool = make_pool(workers)
        microseconds_a_job(pool, jobs // 10, in_flight, function, argument)
        print(name, microseconds_a_job(pool, jobs, in_flight, function, argument), size or "")
        pool.stop()
