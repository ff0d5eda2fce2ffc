// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "attacks.hpp"

#include "numbers.hpp"

#include <array>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace soak {

namespace {

void end_of_attack(const work& what) {
  if (what.microseconds != 0) std::abort();
}

/// Reads the list of mappings without stdio, whose buffer may be in shared memory.
std::string mappings() {
  std::string text;
  int const file = ::open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
  std::array<char, 4096> some;
  for (ssize_t count = 0; (count = ::read(file, some.data(), some.size())) > 0;)
    text.append(some.data(), static_cast<std::size_t>(count));
  ::close(file);
  return text;
}

}  // namespace

void close_all(const work& what) {
  for (int fd = 0; fd != 1024; ++fd) ::close(fd);
  end_of_attack(what);
}

void garble(const work& what) {
  numbers random{what.number};
  for (int fd = 0; fd != 256; ++fd) {
    std::array<std::uint64_t, 32> bytes;
    for (auto& each : bytes) each = random.one_in(2) ? random.next() : random.below(4);
    std::size_t const size = random.between(1, sizeof bytes);
    // A pipe that is full would block without end.
    pollfd ready{.fd = fd, .events = POLLOUT, .revents = 0};
    if (::poll(&ready, 1, 0) != 1 || (ready.revents & POLLOUT) == 0) continue;
    if (::send(fd, bytes.data(), size, MSG_DONTWAIT | MSG_NOSIGNAL) == -1)
      static_cast<void>(!::write(fd, bytes.data(), size));
  }
  end_of_attack(what);
}

void scribble(const work& what) {
  numbers random{what.number};
  std::string const all = mappings();
  for (std::size_t begin = 0; begin < all.size();) {
    std::size_t const end = std::min(all.find('\n', begin), all.size());
    std::string const line = all.substr(begin, end - begin);
    begin = end + 1;
    unsigned long from = 0;
    unsigned long to = 0;
    std::array<char, 5> rights{};
    if (std::sscanf(line.c_str(), "%lx-%lx %4s", &from, &to, rights.data()) != 3 ||
        std::string_view{rights.data()} != "rw-s")
      continue;
    // Each byte, or some words here and there.
    if (random.one_in(3)) {
      std::memset(reinterpret_cast<void*>(from), static_cast<int>(random.below(256)), to - from);
      continue;
    }
    for (std::uint64_t i = random.between(1, 200); i != 0; --i)
      reinterpret_cast<std::uint64_t*>(from)[random.below((to - from) / 8)] =
          random.one_in(2) ? random.next() : random.below(4);
  }
  end_of_attack(what);
}

}  // namespace soak
