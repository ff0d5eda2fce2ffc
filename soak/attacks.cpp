// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "attacks.hpp"

#include "logic/frame.hpp"
#include "logic/talk_frame.hpp"
#include "numbers.hpp"
#include "posix/child/fork_request.hpp"
#include "posix/job_channel.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
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

void send_if_ready(int fd, const void* bytes, std::size_t size) {
  // A pipe that is full would block without end.
  pollfd ready{.fd = fd, .events = POLLOUT, .revents = 0};
  if (::poll(&ready, 1, 0) != 1 || (ready.revents & POLLOUT) == 0) return;
  if (::send(fd, bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL) == -1)
    static_cast<void>(!::write(fd, bytes, size));
}

/// Bytes that begin as those of the library do.
class forgery {
 public:
  void add(numbers& random) {
    using namespace isolatte;
    std::uint64_t const size = size_for(random);
    auto const kind =
        static_cast<std::uint32_t>(random.one_in(8) ? random.next() : random.below(8));
    switch (random.below(4)) {
      case 0: append(logic::frame_header{.kind = kind, .length = size}); break;
      case 1: append(logic::talk_header{.kind = kind, .length = size}); break;
      case 2: append(reply_for(random, kind, size)); break;
      default:
        append(
            posix::fork_reply{.id = random.below(100), .pid = ::getpid(), .error = 0, .began = 0});
    }
    if (size == sizeof payload_) append(payload_);
  }

  const std::byte* data() const noexcept { return bytes_.data(); }
  std::size_t size() const noexcept { return size_; }

 private:
  using payload = std::array<char, 3>;

  static std::uint64_t size_for(numbers& random) {
    constexpr std::uint64_t sizes[] = {0,
                                       sizeof(payload),
                                       sizeof(payload),
                                       150'001,
                                       (std::uint64_t{1} << 30) + 1,
                                       (std::uint64_t{1} << 32) + 5,
                                       std::uint64_t{1} << 63,
                                       ~std::uint64_t{0}};
    return random.one_of(sizes);
  }
  static isolatte::posix::reply_header reply_for(numbers& random, std::uint32_t kind,
                                                 std::uint64_t size) {
    std::uint64_t const ids[] = {0, random.below(100), random.next(), ~std::uint64_t{0}};
    isolatte::posix::reply_header made;
    made.id = random.one_of(ids);
    made.size = size;
    made.pid = ::getpid();
    made.kind = kind;
    made.own_memory = random.next();
    return made;
  }
  template <class T>
  void append(const T& what) {
    std::memcpy(bytes_.data() + size_, &what, sizeof what);
    size_ += sizeof what;
  }

  payload payload_{'s', 'o', 'k'};
  std::array<std::byte, 1024> bytes_{};
  std::size_t size_ = 0;
};

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
    send_if_ready(fd, bytes.data(), random.between(1, sizeof bytes));
  }
  end_of_attack(what);
}

void forge(const work& what) {
  numbers random{what.number};
  for (int fd = 0; fd != 256; ++fd) {
    forgery made;
    for (std::uint64_t left = random.between(1, 3); left != 0; --left) made.add(random);
    send_if_ready(fd, made.data(), made.size());
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
