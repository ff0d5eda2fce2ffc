// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// The arguments of a call, as the child reads them that is to run it.

#include "posix/child/requested_child.hpp"
#include "target.hpp"

#include <isolatte/call.hpp>
#include <isolatte/serialization.hpp>

#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

namespace call_arguments_target {

using namespace isolatte::fuzz;
using isolatte::detail::byte_buffer;
using isolatte::detail::malformed_frame;
using isolatte::detail::remote_call;

/// A callable with data, which travels itself.
struct scale {
  std::vector<double> by;
  template <class Archive>
  void serialize(Archive& ar, unsigned) {
    ar & by;
  }
  std::size_t operator()(std::optional<std::string> name) const {
    return by.size() + name.value_or("").size();
  }
};

using index = std::map<std::string, std::vector<int>>;

/// All calls, in an order that the inputs of the corpus depend on: new ones go to the end.
std::vector<remote_call> calls() {
  using isolatte::call;
  using isolatte::detail::make_remote;
  std::vector<remote_call> all;
  all.push_back(make_remote(call([] { return 1; })));
  all.push_back(make_remote(call([](int a, double b) { return a * b; }, 2, 3.5)));
  all.push_back(
      make_remote(call([](std::string text) { return text + '!'; }, std::string{"hello"})));
  all.push_back(make_remote(
      call([](index all_of) { return all_of.size(); }, index{{"one", {1, 2}}, {"none", {}}})));
  all.push_back(
      make_remote(call([](std::unique_ptr<std::string> owned) { return owned == nullptr; },
                       std::make_unique<std::string>("owned"))));
  all.push_back(make_remote(call(scale{{1, 2}}, std::optional<std::string>{"name"})));
  return all;
}

void run(input bytes) {
  static std::vector<remote_call> const all = calls();
  choices from{bytes};
  auto const& what = all[from.take<std::uint8_t>() % all.size()];
  isolatte::posix::received_task task;
  task.expect(what.entry, from.rest());
  try {
    memory_bound const bound{512 * 1024 + 64 * bytes.size()};
    task.receive();
  } catch (const malformed_frame&) {
    return;
  } catch (const std::length_error&) {
    return;
  }
  // None of the calls goes by an address that the bytes could choose.
  task.invoke();
  byte_buffer result;
  task.encode(result);
  require(!result.empty(), "each of the calls has a result");
}

std::vector<bytes> seeds() {
  std::vector<bytes> made;
  std::uint8_t number = 0;
  for (auto const& each : calls()) append(made.emplace_back(raw(number++)), each.arguments.bytes());
  return made;
}

registration const registered{{"call_arguments", &run, &seeds}};

}  // namespace call_arguments_target
