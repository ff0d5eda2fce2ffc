// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "exception_travel.hpp"

#include <boost/system/system_error.hpp>
#include <boost/test/unit_test.hpp>

#include <any>
#include <filesystem>
#include <fstream>
#include <functional>
#include <future>
#include <ios>
#include <memory>
#include <new>
#include <optional>
#include <regex>
#include <stdexcept>
#include <string>
#include <system_error>
#include <type_traits>
#include <typeinfo>
#include <variant>
#include <vector>

using namespace exception_travel;

namespace exception_standard_test {

const std::error_category& odd_category() {
  struct category final : std::error_category {
    const char* name() const noexcept override { return "never registered"; }
    std::string message(int) const override { return "odd message"; }
  };
  static const category instance;
  return instance;
}

}  // namespace exception_standard_test

using namespace exception_standard_test;

BOOST_AUTO_TEST_SUITE(exception_standard)

BOOST_AUTO_TEST_CASE(those_with_a_message) {
  check_same(std::logic_error("logic"));
  check_same(std::domain_error("domain"));
  check_same(std::invalid_argument("argument"));
  check_same(std::length_error("length"));
  check_same(std::out_of_range("range"));
  check_same(std::runtime_error("runtime"));
  check_same(std::range_error("range"));
  check_same(std::overflow_error("overflow"));
  check_same(std::underflow_error("underflow"));
  check_same(std::runtime_error(""));
}

BOOST_AUTO_TEST_CASE(those_with_a_fixed_message) {
  check_same(std::exception());
  check_same(std::bad_exception());
  check_same(std::bad_alloc());
  check_same(std::bad_array_new_length());
  check_same(std::bad_cast());
  check_same(std::bad_any_cast());
  check_same(std::bad_typeid());
  check_same(std::bad_weak_ptr());
  check_same(std::bad_function_call());
  check_same(std::bad_optional_access());
  check_same(std::bad_variant_access());
}

BOOST_AUTO_TEST_CASE(system_error_keeps_code_and_text) {
  auto const check = [](const std::system_error& original) {
    auto const arrived = check_same(original);
    auto const* const e = as<std::system_error>(arrived);
    BOOST_REQUIRE(e);
    BOOST_CHECK(e->code() == original.code());
    BOOST_CHECK(&e->code().category() == &original.code().category());
  };
  check(std::system_error(std::make_error_code(std::errc::permission_denied), "opening"));
  check(std::system_error(std::make_error_code(std::errc::permission_denied)));
  check(std::system_error(ENOENT, std::system_category(), "reading"));
  check(std::system_error(ENOENT, std::system_category(), ""));
  check(std::system_error(std::make_error_code(std::io_errc::stream), "stream"));
  check(std::system_error(std::make_error_code(std::future_errc::no_state), "future"));
  check(std::system_error(std::error_code()));
}

std::exception_ptr travel_oddly() {
  return travel(std::make_exception_ptr(std::system_error(7, odd_category(), "doing odd things")));
}
// Room for unknown categories is bounded, and the hostile frames of other suites may take it all.
[[maybe_unused]] auto const room_taken = travel_oddly();

BOOST_AUTO_TEST_CASE(unknown_category_stays_visible) {
  auto const arrived = travel_oddly();
  auto const* const e = as<std::system_error>(arrived);
  BOOST_REQUIRE(e);
  BOOST_TEST(e->what() == std::string("doing odd things: odd message"));
  BOOST_TEST(e->code().value() == 7);
  BOOST_TEST(e->code().message().find("odd message") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(filesystem_error_keeps_paths) {
  using std::filesystem::filesystem_error;
  std::error_code const code = std::make_error_code(std::errc::no_such_file_or_directory);
  auto const check = [](const filesystem_error& original) {
    auto const arrived = check_same(original);
    auto const* const e = as<filesystem_error>(arrived);
    BOOST_REQUIRE(e);
    BOOST_TEST(e->path1() == original.path1());
    BOOST_TEST(e->path2() == original.path2());
    BOOST_CHECK(e->code() == original.code());
    BOOST_TEST(e->std::system_error::what() == std::string(original.std::system_error::what()));
  };
  check(filesystem_error("nowhere", code));
  check(filesystem_error("one", "/a/b", code));
  check(filesystem_error("two", "/a/b", "c", code));
  check(filesystem_error("second only", "", "c", code));
  check(filesystem_error("", "/a", code));
  check(filesystem_error("wide", std::filesystem::path(u8"/ä/€"), code));
  auto const arrived = arrival_of([] { (void)std::filesystem::file_size("/nonexistent/file"); });
  BOOST_TEST(is_exactly<filesystem_error>(arrived));
  BOOST_TEST(as<filesystem_error>(arrived)->path1() == "/nonexistent/file");
}

BOOST_AUTO_TEST_CASE(stream_failure) {
  auto const arrived =
      check_same(std::ios_base::failure("written", std::make_error_code(std::errc::io_error)));
  BOOST_CHECK(as<std::ios_base::failure>(arrived)->code() == std::errc::io_error);
  // An exception of the standard library need not be of the documented type.
  auto const thrown = thrown_by([] {
    std::ifstream file;
    file.exceptions(std::ios::failbit);
    file.open("/nonexistent/file");
  });
  auto const copy = travel(thrown);
  BOOST_TEST(is_exactly<std::ios_base::failure>(copy));
  BOOST_TEST(what_of(copy) == what_of(thrown));
  BOOST_CHECK(as<std::ios_base::failure>(copy)->code() == std::io_errc::stream);
}

BOOST_AUTO_TEST_CASE(future_error_keeps_its_code) {
  auto const arrived = check_same(std::future_error(std::future_errc::broken_promise));
  BOOST_CHECK(as<std::future_error>(arrived)->code() == std::future_errc::broken_promise);
}

BOOST_AUTO_TEST_CASE(regex_error_keeps_code_and_text) {
  check_same(std::regex_error(std::regex_constants::error_brack));
  auto const thrown = thrown_by([] { std::regex("(unclosed"); });
  auto const arrived = travel(thrown);
  BOOST_TEST(is_exactly<std::regex_error>(arrived));
  BOOST_TEST(what_of(arrived) == what_of(thrown));
  BOOST_TEST(as<std::regex_error>(arrived)->code() == as<std::regex_error>(thrown)->code());
}

BOOST_AUTO_TEST_CASE(variant_access_keeps_its_reason) {
  struct fragile {
    fragile() = default;
    explicit fragile(int) { throw 0; }
    fragile(const fragile&) noexcept(false) {}
  };
  std::variant<int, fragile> v(0);
  auto const check = [](const std::exception_ptr& thrown) {
    auto const arrived = travel(thrown);
    BOOST_TEST(is_exactly<std::bad_variant_access>(arrived));
    BOOST_TEST(what_of(arrived) == what_of(thrown));
  };
  check(thrown_by([&] { (void)std::get<1>(v); }));
  BOOST_CHECK_THROW(v.emplace<1>(0), int);
  BOOST_REQUIRE(v.valueless_by_exception());
  check(thrown_by([&] { (void)std::get<0>(v); }));
  check(thrown_by([&] { std::visit([](auto&) {}, v); }));
}

BOOST_AUTO_TEST_CASE(those_the_library_throws) {
  auto const check = [](auto f, auto type) {
    auto const thrown = thrown_by(f);
    auto const arrived = travel(thrown);
    using E = typename decltype(type)::type;
    BOOST_TEST(is_exactly<E>(arrived));
    BOOST_TEST(what_of(arrived) == what_of(thrown));
  };
  check([] { (void)std::stoi("x"); }, std::type_identity<std::invalid_argument>());
  check([] { (void)std::vector<int>().at(3); }, std::type_identity<std::out_of_range>());
  check([] { (void)std::optional<int>().value(); }, std::type_identity<std::bad_optional_access>());
  check([] { (void)std::any_cast<int>(std::any('c')); }, std::type_identity<std::bad_any_cast>());
  check([] { std::function<void()>()(); }, std::type_identity<std::bad_function_call>());
  check([] { (void)std::shared_ptr<int>(std::weak_ptr<int>()); },
        std::type_identity<std::bad_weak_ptr>());
}

BOOST_AUTO_TEST_CASE(boost_system_error) {
  namespace bs = boost::system;
  bs::system_error const original(bs::error_code(ENOENT, bs::system_category()), "connecting");
  auto const arrived = check_same(original);
  BOOST_CHECK(as<bs::system_error>(arrived)->code() == original.code());
}

BOOST_AUTO_TEST_SUITE_END()
