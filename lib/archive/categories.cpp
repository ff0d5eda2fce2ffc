// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include <isolatte/error.hpp>
#include <isolatte/serialization.hpp>

#include <boost/asio/error.hpp>
#include <boost/system/error_category.hpp>

#include <atomic>
#include <future>
#include <ios>
#include <string_view>

namespace isolatte::inline v0_1::detail {

namespace {

/// A list that only grows. No function takes a lock: a child may have been forked while another
/// thread was adding a node. Nodes are never freed, because error codes refer to them.
template <class Node>
class growing_list {
 public:
  template <class Matches>
  Node* find(Matches matches) const noexcept {
    for (Node* node = head_.load(std::memory_order_acquire); node; node = node->next)
      if (matches(*node)) return node;
    return nullptr;
  }

  /// Adds a node unless one matches, which another thread may have added meanwhile. Null if there
  /// are @p most nodes already.
  template <class Matches, class Make>
  Node* find_or_add(Matches matches, std::size_t most, Make make) {
    if (Node* const found = find(matches)) return found;
    if (size_.load(std::memory_order_relaxed) >= most) return nullptr;
    std::unique_ptr<Node> added(make());
    Node* seen = head_.load(std::memory_order_acquire);
    do {
      for (Node* node = seen; node; node = node->next)
        if (matches(*node)) return node;
      added->next = seen;
    } while (!head_.compare_exchange_weak(seen, added.get(), std::memory_order_acq_rel));
    size_.fetch_add(1, std::memory_order_relaxed);
    return added.release();
  }

 private:
  std::atomic<Node*> head_{nullptr};
  std::atomic<std::size_t> size_{0};
};

// A hostile frame must not make the program keep any amount of memory.
constexpr std::size_t most_registered = SIZE_MAX;
constexpr std::size_t most_foreign = 256;
constexpr std::size_t most_messages = 256;
constexpr std::size_t longest_text = 1024;

std::string shortened(const std::string& text) { return text.substr(0, longest_text); }

template <class Category>
struct known_category {
  explicit known_category(const Category& c) : category{c} {}
  const Category& category;
  known_category* next = nullptr;
};

struct known_message {
  known_message(int v, std::string t) : value{v}, text{std::move(t)} {}
  int value;
  std::string text;
  known_message* next = nullptr;
};

/// Stands for a category that only the child knows.
template <class Category>
class foreign_category final : public Category {
 public:
  explicit foreign_category(std::string name) : name_{std::move(name)} {}
  const char* name() const noexcept override { return name_.c_str(); }
  std::string message(int value) const override {
    auto const* const known = messages_.find([&](auto& m) { return m.value == value; });
    return known ? known->text : "error " + std::to_string(value) + " of category " + name_;
  }
  void learn(int value, const std::string& message) {
    messages_.find_or_add([&](auto& m) { return m.value == value; }, most_messages,
                          [&] { return new known_message(value, shortened(message)); });
  }

  foreign_category* next = nullptr;

 private:
  std::string name_;
  growing_list<known_message> messages_;
};

template <class Category>
class category_registry {
 public:
  explicit category_registry(std::initializer_list<const Category*> categories) {
    for (const Category* category : categories) add(*category);
  }

  void add(const Category& category) {
    std::string_view const name = category.name();
    known_.find_or_add([&](auto& k) { return k.category.name() == name; }, most_registered,
                       [&] { return new known_category<Category>(category); });
  }
  const Category* find(std::string_view name) const noexcept {
    auto const* const known = known_.find([&](auto& k) { return k.category.name() == name; });
    return known ? &known->category : nullptr;
  }
  const Category& find_foreign(const std::string& full_name, int value,
                               const std::string& message) {
    std::string const name = shortened(full_name);
    auto* const category =
        foreign_.find_or_add([&](auto& c) { return c.name() == std::string_view(name); },
                             most_foreign, [&] { return new foreign_category<Category>(name); });
    if (!category) return too_many_;
    category->learn(value, message);
    return *category;
  }

 private:
  growing_list<known_category<Category>> known_;
  growing_list<foreign_category<Category>> foreign_;
  foreign_category<Category> too_many_{"isolatte.unknown"};
};

using std_registry = category_registry<std::error_category>;
using boost_registry = category_registry<boost::system::error_category>;

// The registries are never destroyed: destructors of the program may use error codes.

std_registry& std_categories() {
  static auto& registry = *new std_registry{&std::generic_category(), &std::system_category(),
                                            &std::iostream_category(), &std::future_category()};
  return registry;
}

boost_registry& boost_categories() {
  static auto& registry = *new boost_registry{
      &boost::system::generic_category(),        &boost::system::system_category(),
      &boost::asio::error::get_netdb_category(), &boost::asio::error::get_addrinfo_category(),
      &boost::asio::error::get_misc_category(),  &isolatte::error_category()};
  return registry;
}

// The registries are made before main(). If a child made one, another thread of the program might
// have been making it at the fork, and its lock would never be released.
[[maybe_unused]] std_registry& early_std_categories = std_categories();
[[maybe_unused]] boost_registry& early_boost_categories = boost_categories();

}  // namespace

bool is_standard_category(const std::error_category& category) noexcept {
  return category == std::generic_category() || category == std::system_category();
}

bool is_standard_category(const boost::system::error_category& category) noexcept {
  return category == boost::system::generic_category() ||
         category == boost::system::system_category();
}

const std::error_category& find_std_category(const std::string& name, int value,
                                             const std::string& message) {
  if (auto const* const known = std_categories().find(name)) return *known;
  // A Boost error code converts to a standard one, whose category has the same name.
  if (auto const* const known = boost_categories().find(name)) return *known;
  return std_categories().find_foreign(name, value, message);
}

const boost::system::error_category& find_boost_category(const std::string& name, int value,
                                                         const std::string& message) {
  if (auto const* const known = boost_categories().find(name)) return *known;
  return boost_categories().find_foreign(name, value, message);
}

}  // namespace isolatte::inline v0_1::detail

namespace isolatte::inline v0_1 {

void register_error_category(const std::error_category& category) {
  detail::std_categories().add(category);
}

void register_error_category(const boost::system::error_category& category) {
  detail::boost_categories().add(category);
}

}  // namespace isolatte::inline v0_1
