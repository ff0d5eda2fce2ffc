// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_ARCHIVE_TYPE_REGISTRY_HPP
#define ISOLATTE_LIB_ARCHIVE_TYPE_REGISTRY_HPP

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <typeinfo>

namespace isolatte::inline v0_1::detail {

/// The name of a type in a frame. The ordinal tells types of several unnamed namespaces apart.
struct type_key {
  std::string_view name;
  std::uint32_t ordinal = 0;
};

/// Keeps the types that the program and its libraries register, and finds them by type or by name.
///
/// No function takes a lock: a child may have been forked while another thread was loading a
/// library. So entries are never unlinked and never freed. The entry of an unloaded library is
/// empty until the library is loaded again.
///
/// @tparam Item has a member `type`, a pointer to the std::type_info
template <class Item>
class type_registry {
 public:
  struct found_type {
    const Item* item = nullptr;
    type_key key{};
  };

  constexpr type_registry() noexcept = default;

  void add(const Item& item) {
    entry* first = first_.load();
    if (revive(first, item)) return;
    auto fresh = std::make_unique<entry>(item);
    do {
      fresh->ordinal = ordinal_of(first, item);
      fresh->next = first;
    } while (!first_.compare_exchange_weak(first, fresh.get()));
    fresh.release();
  }

  void remove(const Item& item) noexcept {
    for (entry* e = first_.load(); e; e = e->next) {
      const Item* expected = &item;
      if (e->item.compare_exchange_strong(expected, nullptr)) return;
    }
  }

  found_type find(const std::type_info& type) const noexcept {
    return find_if([&](const entry&, const Item& item) { return *item.type == type; });
  }
  found_type find(const type_key& key) const noexcept {
    return find_if([&](const entry& e, const Item&) {
      return e.ordinal == key.ordinal && e.name == key.name;
    });
  }
  template <class Visit>
  void for_each(Visit visit) const {
    for (entry* e = first_.load(); e; e = e->next)
      if (const Item* const item = e->item.load()) visit(e->get(item));
  }

 private:
  struct entry {
    explicit entry(const Item& known) : name{known.type->name()}, item{&known} {}

    std::string name;
    std::uint32_t ordinal = 0;
    std::atomic<const Item*> item;
    entry* next = nullptr;

    found_type get(const Item* known) const noexcept { return {known, {name, ordinal}}; }
  };

  static bool revive(entry* first, const Item& item) {
    for (entry* e = first; e; e = e->next) {
      const Item* nothing = nullptr;
      if (e->name == item.type->name() && e->item.compare_exchange_strong(nothing, &item))
        return true;
    }
    return false;
  }

  static std::uint32_t ordinal_of(entry* first, const Item& item) {
    std::uint32_t next = 0;
    for (entry* e = first; e; e = e->next) {
      if (e->name != item.type->name()) continue;
      const Item* const known = e->item.load();
      if (known && *known->type == *item.type) return e->ordinal;
      next = std::max(next, e->ordinal + 1);
    }
    return next;
  }

  template <class Matches>
  found_type find_if(Matches matches) const noexcept {
    for (entry* e = first_.load(); e; e = e->next) {
      const Item* const item = e->item.load();
      if (item && matches(*e, *item)) return e->get(item);
    }
    return {};
  }

  std::atomic<entry*> first_{nullptr};
};

}  // namespace isolatte::inline v0_1::detail

#endif
