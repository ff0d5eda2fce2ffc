// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include <isolatte/error.hpp>
#include <isolatte/serialization.hpp>

#include <boost/asio/error.hpp>
#include <boost/system/error_category.hpp>

#include <atomic>
#include <cstdint>
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

  /// Adds a node unless one matches, which another thread may have added meanwhile.
  template <class Matches, class Make>
  Node& find_or_add(Matches matches, Make make) {
    if (Node* const found = find(matches)) return *found;
    std::unique_ptr<Node> added(make());
    Node* seen = head_.load(std::memory_order_acquire);
    do {
      for (Node* node = seen; node; node = node->next)
        if (matches(*node)) return *node;
      added->next = seen;
    } while (!head_.compare_exchange_weak(seen, added.get(), std::memory_order_acq_rel));
    return *added.release();
  }

 private:
  std::atomic<Node*> head_{nullptr};
};

// A hostile frame must not make the program keep any amount of memory, and a hostile child must not
// use up what other children need.
constexpr std::size_t most_texts = 16 * 1024;
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
    auto const* const known = find(value);
    return known ? *known : "error " + std::to_string(value) + " of category " + name_;
  }

  const std::string* find(int value) const noexcept {
    auto const* const known = messages_.find([&](auto& m) { return m.value == value; });
    return known ? &known->text : nullptr;
  }
  /// The text that the category has for the value from now on: another thread may have been faster.
  const std::string& learn(int value, const std::string& text) {
    return messages_
        .find_or_add([&](auto& m) { return m.value == value; },
                     [&] { return new known_message(value, text); })
        .text;
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
    known_.find_or_add([&](auto& k) { return k.category.name() == name; },
                       [&] { return new known_category<Category>(category); });
  }
  const Category* find(std::string_view name) const noexcept {
    auto const* const known = known_.find([&](auto& k) { return k.category.name() == name; });
    return known ? &known->category : nullptr;
  }
  /// Finds a category that gives the message for the value, or makes one. Two children may give
  /// different messages for a value of the same name: each gets a category of its own.
  const Category& find_foreign(const std::string& full_name, int value,
                               const std::string& full_message, foreign_allowance& left) {
    // Each of two searches compares with every category and every message, at most.
    std::uint64_t const comparisons = 4 * std::uint64_t{texts_.load(std::memory_order_relaxed)};
    if (comparisons > left.comparisons) return too_many_;
    left.comparisons -= comparisons;

    std::string const name = shortened(full_name);
    std::string const message = shortened(full_message);
    auto const has_message = [&](auto& c) {
      auto const* const known = c.name() == std::string_view(name) ? c.find(value) : nullptr;
      return known && *known == message;
    };
    if (auto const* const known = foreign_.find(has_message)) return *known;

    auto* const of_name = foreign_.find(
        [&](auto& c) { return c.name() == std::string_view(name) && !c.find(value); });
    if (left.texts == 0 || texts_.load(std::memory_order_relaxed) >= most_texts)
      return of_name ? *of_name : too_many_;
    --left.texts;
    texts_.fetch_add(1, std::memory_order_relaxed);
    if (of_name && of_name->learn(value, message) == message) return *of_name;
    return foreign_.find_or_add(has_message, [&] {
      auto fresh = std::make_unique<foreign_category<Category>>(name);
      fresh->learn(value, message);
      return fresh.release();
    });
  }

 private:
  growing_list<known_category<Category>> known_;
  growing_list<foreign_category<Category>> foreign_;
  std::atomic<std::size_t> texts_{0};
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
                                             const std::string& message, foreign_allowance& left) {
  if (auto const* const known = std_categories().find(name)) return *known;
  // A Boost error code converts to a standard one, whose category has the same name.
  if (auto const* const known = boost_categories().find(name)) return *known;
  return std_categories().find_foreign(name, value, message, left);
}

const boost::system::error_category& find_boost_category(const std::string& name, int value,
                                                         const std::string& message,
                                                         foreign_allowance& left) {
  if (auto const* const known = boost_categories().find(name)) return *known;
  return boost_categories().find_foreign(name, value, message, left);
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
