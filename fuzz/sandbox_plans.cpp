// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// The bytes of a sandbox, as a template or a standby child reads them.

#include "posix/child/sandbox_message.hpp"
#include "target.hpp"

#include <boost/system/error_code.hpp>

#include <algorithm>
#include <memory>

namespace sandbox_plans_target {

using namespace isolatte::fuzz;
using boost::system::error_code;
using isolatte::confine::sandbox_plan;

/// The numbers of the namespaces, which are not opened here.
constexpr int some_namespace = 1000;

sandbox_plan take(input& rest, error_code& ec) {
  int next = some_namespace;
  return isolatte::posix::take_sandbox(
      rest, [&](error_code&) { return next++; }, [](error_code&) { return -1; }, ec);
}

void check(const sandbox_plan& plan) {
  for (auto const& layer : plan.layers) {
    if (!layer.calls) continue;
    auto const size = layer.calls->instructions.size();
    require(size != 0, "a filter has instructions");
    for (auto const* const marks :
         {&layer.calls->pid_marks, &layer.calls->leash_marks, &layer.calls->pass_marks})
      for (auto const mark : *marks) require(mark < size, "a mark is inside the filter");
  }
}

bytes bytes_of(const sandbox_plan& plan) {
  bytes all;
  std::vector<int> descriptors;
  isolatte::posix::append(all, descriptors, plan);
  return all;
}

void run(input message) {
  error_code ec;
  input rest = message;
  sandbox_plan const plan = [&] {
    memory_bound const bound{64 * 1024 + 32 * message.size()};
    return take(rest, ec);
  }();
  if (ec) return;
  check(plan);

  bytes const again = bytes_of(plan);
  require(again.size() <= message.size() - rest.size(), "a plan takes no more than it was");
  input second = again;
  sandbox_plan const copy = take(second, ec);
  require(!ec && second.empty(), "a plan that was read can be sent");
  require(std::ranges::equal(bytes_of(copy), again), "a plan that has travelled twice is the same");
}

std::vector<bytes> seeds() {
  sandbox_plan plan;
  auto filter = std::make_shared<isolatte::confine::filter>();
  filter->instructions.resize(3);
  filter->pid_marks = {1};
  filter->leash_marks = {0, 2};
  plan.layers.emplace_back().calls = filter;
  plan.layers.emplace_back();
  plan.kept.push_back({0x1000, 0x2000});
  plan.join.network = 5;
  plan.leash_number = 7;
  plan.role = isolatte::confine::sandbox_role::inherited;
  return {bytes_of(sandbox_plan{}), bytes_of(plan)};
}

registration const registered{{"sandbox_plans", &run, &seeds}};

}  // namespace sandbox_plans_target
