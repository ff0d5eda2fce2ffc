// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "nats/link/callback_table.hpp"

#include <utility>

namespace isolatte::inline v0_1::nats::link {

/// Never destroyed: threads of libnats may call while the program exits.
callback_table& callback_table::instance() {
  static callback_table& only = *new callback_table;
  return only;
}

callback_table::entry::entry(std::weak_ptr<connection> of, std::uint64_t subscription) {
  auto& table = instance();
  std::lock_guard const lock{table.mutex_};
  name_ = ++table.last_;
  table.targets_.try_emplace(name_, target{std::move(of), subscription});
}

callback_table::entry::~entry() {
  auto& table = instance();
  std::lock_guard const lock{table.mutex_};
  table.targets_.erase(name_);
}

std::pair<std::shared_ptr<connection>, std::uint64_t> callback_table::find(void* closure) noexcept {
  auto& table = instance();
  std::lock_guard const lock{table.mutex_};
  auto const found = table.targets_.find(reinterpret_cast<std::uintptr_t>(closure));
  if (found == table.targets_.end()) return {};
  return {found->second.of.lock(), found->second.subscription};
}

}  // namespace isolatte::inline v0_1::nats::link
