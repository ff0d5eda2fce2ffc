// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// The arguments of a call from another machine, in which functions stand by name.

#include "posix/child/requested_child.hpp"
#include "target.hpp"

#include <isolatte/call.hpp>
#include <isolatte/detail/task/distant_call.hpp>

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace distant_calls_target {

using namespace isolatte::fuzz;
using isolatte::detail::malformed_frame;
using isolatte::detail::remote_call;

int add(int a, int b) { return a + b; }
int lengths(const std::vector<std::string>& words) {
  std::size_t all = 0;
  for (auto const& word : words) all += word.size();
  return static_cast<int>(all);
}

struct base {
  virtual ~base() = default;
  virtual int number() const { return 1; }
  int constant() const { return 2; }
  int data = 3;
  template <class Archive>
  void serialize(Archive& ar, unsigned) {
    ar & data;
  }
};

struct known_call {
  remote_call call;
  /// So many bytes name the function.
  std::size_t name;
};

template <class Call>
void add_call(std::vector<known_call>& all, const Call& what, std::size_t rest) {
  auto encoded = isolatte::detail::encode_distant_call(what);
  require(encoded.has_value(), "this program has a build id");
  std::size_t const size = encoded->arguments.size();
  auto found = isolatte::detail::resolve(std::move(*encoded));
  require(found.has_value(), "a call is found where it was made");
  all.push_back({std::move(*found), size - rest});
}

/// All calls, in an order that the inputs of the corpus depend on: new ones go to the end.
std::vector<known_call> calls() {
  using isolatte::call;
  std::vector<known_call> all;
  // An archive ends with one more byte.
  add_call(all, call(add, 1, 2), 2 * sizeof(int) + 1);
  add_call(all, call(lengths, std::vector<std::string>{}), 2);
  add_call(all, call(&base::constant, base{}), 0);
  add_call(all, call(&base::number, base{}), 0);
  add_call(all, call(&base::data, base{}), 0);
  add_call(all, call([](int n) { return n; }, 1), sizeof(int) + 1);
  return all;
}

/// The first byte chooses the call, the second whether the input has a name of its own: a build id
/// in an input would be that of another program.
void run(input bytes) {
  static std::vector<known_call> const all = calls();
  choices from{bytes};
  auto const& what = all[from.take<std::uint8_t>() % all.size()];
  std::vector<std::byte> arguments;
  if (from.take<std::uint8_t>() % 2 != 0)
    append(arguments, what.call.arguments.bytes().first(what.name));
  append(arguments, from.rest());
  isolatte::posix::received_task task;
  task.expect(what.call.entry, arguments);
  // The function is not run: the bytes may name any.
  try {
    memory_bound const bound{512 * 1024 + 64 * arguments.size()};
    task.receive();
  } catch (const malformed_frame&) {
  } catch (const std::length_error&) {
  }
}

std::vector<bytes> seeds() {
  std::vector<bytes> made;
  std::uint8_t number = 0;
  for (auto const& each : calls()) {
    auto const whole = each.call.arguments.bytes();
    append(made.emplace_back(raw(number, 0)), whole);
    append(made.emplace_back(raw(number, 1)), whole.subspan(each.name));
    ++number;
  }
  return made;
}

registration const registered{{"distant_calls", &run, &seeds}};

}  // namespace distant_calls_target
