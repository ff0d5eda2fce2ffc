// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "archive/type_registry.hpp"
#include "exception/standard.hpp"

#include <isolatte/detail/exception/registry.hpp>

namespace isolatte::inline v0_1::detail {

namespace {

using exception_registry = type_registry<exception_ops>;

constinit exception_registry registry;

registered_exception as_registered(const exception_registry::found_type& found) noexcept {
  return {found.item, {found.key.name, found.key.ordinal}, false};
}

registered_exception as_standard(const exception_ops* ops) noexcept {
  return {ops, {ops->type->name(), 0}, true};
}

}  // namespace

void register_exception(const exception_ops& ops) { registry.add(ops); }

void unregister_exception(const exception_ops& ops) noexcept { registry.remove(ops); }

registered_exception find_exception(const std::type_info& type) noexcept {
  for (const exception_ops* ops : standard_exceptions())
    if (*ops->type == type) return as_standard(ops);
  return as_registered(registry.find(type));
}

registered_exception find_exception(const exception_key& key) noexcept {
  if (key.ordinal == 0)
    for (const exception_ops* ops : standard_exceptions())
      if (key.name == ops->type->name()) return as_standard(ops);
  return as_registered(registry.find(type_key{key.name, key.ordinal}));
}

void for_each_exception(void (*visit)(void*, const registered_exception&), void* context) {
  registry.for_each([&](const auto& found) { visit(context, as_registered(found)); });
  for (const exception_ops* ops : standard_exceptions()) visit(context, as_standard(ops));
}

}  // namespace isolatte::inline v0_1::detail
