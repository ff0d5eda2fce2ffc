// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// An outcome tells whether there is a value or why not, the cost, and whether a second try is safe.

#include <isolatte.hpp>

#include <boost/system/errc.hpp>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>

#include <unistd.h>

namespace {

//[struct
struct summary {
  int words = 0;
  std::string longest;
  std::map<char, int> initials;

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive & words & longest & initials;
  }
};

summary summarise(const std::string& text) {
  summary result;
  std::istringstream stream{text};
  for (std::string word; stream >> word; ++result.words) {
    ++result.initials[word.front()];
    if (word.size() > result.longest.size()) result.longest = word;
  }
  return result;
}
//]

void value() {
  //[value
  std::string const text = "isolated from its caller";
  auto const result = isolatte::fork([&] { return summarise(text); });
  if (result) std::cout << "the longest of " << result->words << ": " << result->longest << '\n';
  //]
}

void chain() {
  std::string const text = "isolated from its caller";
  //[chain
  auto const longest = [](const summary& all) { return all.longest.size(); };
  auto const found = isolatte::fork([&] { return summarise(text); }).transform(longest);
  std::cout << "its length: " << found.value_or(0u) << '\n';

  auto const again = [](const std::exception_ptr&) { return isolatte::fork([] { return 42; }); };
  auto const answer = isolatte::fork([]() -> int { std::abort(); }).or_else(again);
  std::cout << "at the second try: " << *answer << '\n';
  //]
}

//[endings
void tell(const isolatte::outcome<int>& result) {
  using enum isolatte::ending;
  switch (result.how()) {
    case returned: std::cout << "a value: " << result.value(); break;
    case exited: std::cout << "an exit code: " << *result.exit_code(); break;
    case faulted:
    case killed:
    case signaled: std::cout << "a signal: " << *result.signal(); break;
    case threw:
    case undelivered:  // exception() has the reason
      try {
        std::rethrow_exception(result.exception());
      } catch (const std::exception& error) {
        std::cout << "an exception: " << error.what();
      }
      break;
    case timed_out:
    case cancelled: std::cout << "stopped"; break;
    case not_started:
    case lost: std::cout << "who knows"; break;
  }
  std::cout << '\n';
}
//]

void made() {
  //[made
  using outcome = isolatte::outcome<int>;
  tell(outcome::returned(43));
  tell(outcome::threw(std::out_of_range("too far")));
  tell(outcome::exited(4));
  tell(outcome::ended_by_signal(SIGSEGV));
  tell(outcome::not_started(make_error_code(boost::system::errc::not_enough_memory)));
  tell(outcome::ended({.how = isolatte::ending::timed_out, .ran = isolatte::ran::yes}));
  //]
}

void limits() {
  //[limits
  auto const result = isolatte::fork(
      [] {
        std::FILE* const file = std::tmpfile();
        while (std::fputs("all work and no play\n", file) != EOF) {
        }
      },
      {.limits = {.cpu_time = std::chrono::minutes{1}, .file_size = 1 << 20, .core_size = 0}});
  std::cout << "limited: " << result << '\n';
  //]
}

void cost() {
  auto const result = isolatte::fork([] { std::abort(); });
  //[cost
  isolatte::resource_usage const& used = result.usage();
  std::cout << "cost: " << used.wall.count() << " ns, " << used.max_resident_bytes << " bytes\n";
  if (result.fault()) std::cout << "trace:\n" << result.fault()->trace;
  if (result.ran() != isolatte::ran::no) std::cout << "it ran, so its effects may be there\n";
  //]
}

}  // namespace

int main() {
  value();
  chain();
  tell(isolatte::fork([] { return 42; }));
  tell(isolatte::fork([]() -> int { throw std::runtime_error("no luck"); }));
  tell(isolatte::fork([]() -> int { std::exit(3); }));
  tell(isolatte::fork([]() -> int { ::_exit(255); }));
  tell(isolatte::fork([] { return std::raise(SIGKILL); }));
  made();
  limits();
  cost();
}
