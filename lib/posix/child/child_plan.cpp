// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "posix/child/child_plan.hpp"

#include <algorithm>

// Runs before the fork: in the program, or in a template.

namespace isolatte::inline v0_1::posix {

void set_channel(child_plan& plan, int channel, boost::system::error_code& ec) {
  plan.channel = channel;
  plan.channel_identity = identify(channel, ec);
}

std::vector<int> numbers_to_keep(std::vector<int> fds) {
  std::erase_if(fds, [](int fd) { return fd >= 0 && fd <= 2; });
  std::sort(fds.begin(), fds.end());
  fds.erase(std::unique(fds.begin(), fds.end()), fds.end());
  return fds;
}

void keep_sandbox(const child_plan& plan, std::vector<int>& fds) {
  auto const& join = plan.sandbox->join;
  for (int const fd : {join.user, join.network, join.ipc})
    if (fd != -1) fds.push_back(fd);
  for (auto const& layer : plan.sandbox->layers)
    if (layer.ruleset) fds.push_back(layer.ruleset.get());
}

few_numbers::few_numbers(std::array<int, 3> numbers) noexcept {
  std::sort(numbers.begin(), numbers.end());
  for (int const fd : numbers)
    if (fd != -1) few_[count_++] = fd;
}

void set_kept(child_plan& plan, std::vector<int> fds) {
  if (fds.empty()) {
    plan.keep = few_numbers{std::array{plan.channel, plan.leash, plan.talk.socket}};
    return;
  }
  for (int const fd : {plan.channel, plan.leash, plan.talk.socket})
    if (fd != -1) fds.push_back(fd);
  plan.keep = few_numbers{numbers_to_keep(std::move(fds))};
}

}  // namespace isolatte::inline v0_1::posix
