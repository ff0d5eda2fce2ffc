// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "by_hand.hpp"

#include <benchmark/benchmark.h>

#include <cerrno>
#include <utility>
#include <vector>

#include <poll.h>

raw_child start_raw_int() {
  return start_raw([](int fd) {
    int const answer = 42;
    write_all(fd, &answer, sizeof answer);
  });
}

void finish_raw_int(raw_child const& child) {
  int answer = 0;
  read_all(child.fd, &answer, sizeof answer);
  reap_raw(child);
  benchmark::DoNotOptimize(answer);
}

void run_raw_ints(std::size_t jobs, std::size_t in_flight) {
  std::vector<raw_child> children;
  std::vector<pollfd> watched;
  std::size_t started = 0;
  for (std::size_t done = 0; done != jobs;) {
    while (children.size() != in_flight && started != jobs) {
      children.push_back(start_raw_int());
      watched.push_back({children.back().fd, POLLIN, 0});
      ++started;
    }
    if (::poll(watched.data(), watched.size(), -1) == -1) {
      if (errno == EINTR) continue;
      give_up("poll");
    }
    for (std::size_t i = 0; i != children.size();) {
      if (watched[i].revents == 0) {
        ++i;
        continue;
      }
      finish_raw_int(children[i]);
      ++done;
      std::swap(children[i], children.back());
      std::swap(watched[i], watched.back());
      children.pop_back();
      watched.pop_back();
    }
  }
}
