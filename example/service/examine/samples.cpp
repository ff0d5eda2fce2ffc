// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// The attacks that the page offers. None of them is stopped by this code.

#include "examine.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <system_error>
#include <utility>
#include <vector>

#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

namespace service {

namespace {

[[noreturn]] void fail(const char* what) {
  throw std::system_error{errno, std::generic_category(), what};
}

[[gnu::noinline]] std::string crash() {
  auto volatile* const nowhere = reinterpret_cast<int volatile*>(std::uintptr_t{0xdead0000});
  *nowhere = 1;
  return "has written to a wild address";
}

[[gnu::noinline]] int descend(int depth) {  // NOLINT(misc-no-recursion)
  char volatile frame[1024];
  if (depth < 0) return 0;  // never, and the compiler does not know
  frame[0] = static_cast<char>(depth);
  return descend(depth + 1) + frame[0];
}
std::string overflow() { return "came back from depth " + std::to_string(descend(0)); }

std::string loop() {
  bool volatile goes_on = true;
  while (goes_on) {
  }
  return "has stopped by itself";
}

std::string memory() {
  std::vector<std::vector<char>> eaten;
  for (int i = 0; i != 16'384; ++i) eaten.emplace_back(std::size_t{1} << 20, 'x');
  return "has eaten 16 GiB";
}

std::string forks() {
  for (int i = 0; i != 10'000; ++i) {
    pid_t const pid = ::fork();
    if (pid == 0) ::pause();
    if (pid == -1) fail("fork");
  }
  return "has made 10000 processes";
}

std::string thief() {
  std::ifstream file{"/etc/passwd"};
  std::string line;
  if (!std::getline(file, line)) fail("/etc/passwd");
  return "has stolen: " + line;
}

std::string phone() {
  int const fd = ::socket(AF_INET, SOCK_STREAM, 0);
  if (fd == -1) fail("socket");
  sockaddr_in home{};
  home.sin_family = AF_INET;
  home.sin_port = htons(80);
  home.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&home), sizeof home) == -1) fail("connect");
  return "has phoned home";
}

std::string shoot() {
  if (::kill(::getppid(), SIGKILL) == -1) fail("kill");
  return "has killed the service";
}

constexpr std::array<std::pair<std::string_view, std::string (*)()>, 8> samples{{
    {"crash", crash},
    {"overflow", overflow},
    {"loop", loop},
    {"memory", memory},
    {"forks", forks},
    {"thief", thief},
    {"phone", phone},
    {"shoot", shoot},
}};

auto find(std::string_view name) noexcept {
  return std::find_if(samples.begin(), samples.end(),
                      [&](auto const& each) { return each.first == name; });
}

}  // namespace

bool is_sample(std::string_view name) noexcept { return find(name) != samples.end(); }

report run_sample(progress& told, const std::string& name) {
  auto const found = find(name);
  if (found == samples.end()) throw std::invalid_argument{"there is no sample " + name};
  tell(told, "attacking");
  report made;
  made.summary = found->second();
  return made;
}

}  // namespace service
