// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "exception/standard.hpp"

#include <isolatte/detail/exception/registry.hpp>

#include <algorithm>
#include <atomic>
#include <memory>
#include <string>

namespace isolatte::detail {

namespace {

/// Never freed, and never unlinked: readers take no locks. The entry of an unloaded library is
/// empty until the library comes back.
struct entry {
  explicit entry(const exception_ops& known) : name{known.type->name()}, ops{&known} {}

  std::string name;
  std::uint32_t ordinal = 0;
  std::atomic<const exception_ops*> ops;
  entry* next = nullptr;

  registered_exception get(const exception_ops* known) const noexcept {
    return {known, {name, ordinal}, false};
  }
};

constinit std::atomic<entry*> registry{nullptr};

bool revive(entry* first, const exception_ops& ops) {
  for (entry* e = first; e; e = e->next) {
    const exception_ops* nothing = nullptr;
    if (e->name == ops.type->name() && e->ops.compare_exchange_strong(nothing, &ops)) return true;
  }
  return false;
}

std::uint32_t ordinal_of(entry* first, const exception_ops& ops) {
  std::uint32_t next = 0;
  for (entry* e = first; e; e = e->next) {
    if (e->name != ops.type->name()) continue;
    const exception_ops* const known = e->ops.load();
    if (known && *known->type == *ops.type) return e->ordinal;
    next = std::max(next, e->ordinal + 1);
  }
  return next;
}

registered_exception as_standard(const exception_ops* ops) noexcept {
  return {ops, {ops->type->name(), 0}, true};
}

}  // namespace

void register_exception(const exception_ops& ops) {
  entry* first = registry.load();
  if (revive(first, ops)) return;
  auto fresh = std::make_unique<entry>(ops);
  do {
    fresh->ordinal = ordinal_of(first, ops);
    fresh->next = first;
  } while (!registry.compare_exchange_weak(first, fresh.get()));
  fresh.release();
}

void unregister_exception(const exception_ops& ops) noexcept {
  for (entry* e = registry.load(); e; e = e->next) {
    const exception_ops* expected = &ops;
    if (e->ops.compare_exchange_strong(expected, nullptr)) return;
  }
}

registered_exception find_exception(const std::type_info& type) noexcept {
  for (const exception_ops* ops : standard_exceptions())
    if (*ops->type == type) return as_standard(ops);
  for (entry* e = registry.load(); e; e = e->next) {
    const exception_ops* const ops = e->ops.load();
    if (ops && *ops->type == type) return e->get(ops);
  }
  return {};
}

registered_exception find_exception(const exception_key& key) noexcept {
  if (key.ordinal == 0)
    for (const exception_ops* ops : standard_exceptions())
      if (key.name == ops->type->name()) return as_standard(ops);
  for (entry* e = registry.load(); e; e = e->next) {
    if (e->ordinal != key.ordinal || e->name != key.name) continue;
    if (const exception_ops* const ops = e->ops.load()) return e->get(ops);
  }
  return {};
}

void for_each_exception(void (*visit)(void*, const registered_exception&), void* context) {
  for (entry* e = registry.load(); e; e = e->next)
    if (const exception_ops* const ops = e->ops.load()) visit(context, e->get(ops));
  for (const exception_ops* ops : standard_exceptions()) visit(context, as_standard(ops));
}

}  // namespace isolatte::detail
