// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include <isolatte/detail/archive/codec.hpp>
#include <isolatte/detail/exception/codec.hpp>
#include <isolatte/detail/task/make_outcome.hpp>
#include <isolatte/outcome.hpp>

#include <boost/system/system_error.hpp>
#include <boost/test/unit_test.hpp>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <new>
#include <sstream>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace outcome_test {

using boost::system::error_code;
using isolatte::abnormal_end;
using isolatte::ending;
template <class R>
using result = isolatte::outcome<R>;
using isolatte::run_summary;
using isolatte::detail::payload_kind;
using isolatte::detail::report;

constexpr std::size_t plenty = 1024 * 1024;

report ended(ending how) {
  report what;
  what.summary.how = how;
  what.summary.ran = isolatte::ran::yes;
  what.max_result = plenty;
  return what;
}

template <class T>
report returned(const T& value, ending how = ending::returned) {
  report what = ended(how);
  what.kind = payload_kind::value;
  isolatte::detail::codec<T>::encode(what.payload, value);
  return what;
}

template <class E>
report threw(const E& thrown, payload_kind kind = payload_kind::exception) {
  report what = ended(kind == payload_kind::exception ? ending::threw : ending::undelivered);
  what.kind = kind;
  isolatte::detail::encode_exception(what.payload, std::make_exception_ptr(thrown), plenty);
  return what;
}

template <class R>
result<R> make(report what, const error_code& ec = {}) {
  return isolatte::detail::make_outcome<R>(ec, std::move(what));
}

template <class R>
std::string text(const result<R>& o) {
  std::ostringstream os;
  os << o;
  return os.str();
}

template <class R>
std::string what_value_throws(const result<R>& o) {
  try {
    static_cast<void>(o.value());
  } catch (const std::exception& error) {
    return error.what();
  }
  return "nothing";
}

/// Can be saved; loading it throws.
template <class E>
struct unloadable {
  template <class Archive>
  void serialize(Archive&, unsigned) {
    if constexpr (Archive::is_loading::value) throw E();
  }
};

struct no_licence : std::runtime_error {
  no_licence() : runtime_error{"no licence to load"} {}
};

struct speechless : std::exception {
  const char* what() const noexcept override { return nullptr; }
};

BOOST_AUTO_TEST_SUITE(outcome)

BOOST_AUTO_TEST_CASE(nothing_is_not_started) {
  result<int> const o;
  BOOST_TEST(o.how() == ending::not_started);
  BOOST_TEST(o.ran() == isolatte::ran::no);
  BOOST_TEST(!o);
  BOOST_TEST(!o.success());
  BOOST_TEST(o.pid() == 0);
  BOOST_TEST(!o.exit_code().has_value());
  BOOST_TEST(!o.signal().has_value());
  BOOST_TEST(!o.fault().has_value());
  BOOST_TEST(!o.exception());
  BOOST_TEST(o.value_or(3) == 3);
  BOOST_CHECK_THROW(o.value(), abnormal_end);
  BOOST_TEST(text(o) == "not_started");
}

BOOST_AUTO_TEST_CASE(a_value) {
  auto o = make<std::string>(returned(std::string{"text"}));
  BOOST_TEST(static_cast<bool>(o));
  BOOST_TEST(o.success());
  BOOST_TEST(o.value() == "text");
  BOOST_TEST(std::as_const(o).value() == "text");
  BOOST_TEST(o.value_or("other") == "text");
  o.value() += " more";
  BOOST_TEST(std::move(o).value() == "text more");
}

BOOST_AUTO_TEST_CASE(a_value_that_only_moves) {
  auto o = make<std::unique_ptr<int>>(returned(std::make_unique<int>(4)));
  std::unique_ptr<int> const taken = std::move(o).value();
  BOOST_REQUIRE(taken);
  BOOST_TEST(*taken == 4);
}

BOOST_AUTO_TEST_CASE(nothing_returned_is_a_value_of_its_own) {
  report what = ended(ending::returned);
  what.kind = payload_kind::value;
  auto const o = make<void>(std::move(what));
  BOOST_TEST(static_cast<bool>(o));
  o.value();
  report surplus = returned(1);
  auto const bad = make<void>(std::move(surplus));
  BOOST_TEST(bad.how() == ending::undelivered);
  BOOST_CHECK_THROW(bad.value(), abnormal_end);
}

BOOST_AUTO_TEST_CASE(a_value_may_be_kept_though_the_end_was_another) {
  for (ending const how : {ending::lost, ending::cancelled, ending::timed_out, ending::killed}) {
    auto const o = make<int>(returned(5, how));
    BOOST_TEST(o.how() == how);
    BOOST_TEST(o.value() == 5);
    BOOST_TEST(!o.success());
  }
}

BOOST_AUTO_TEST_CASE(rubbish_is_undelivered) {
  report what = ended(ending::returned);
  what.kind = payload_kind::value;
  what.payload.append("x", 1);
  auto const o = make<std::vector<std::string>>(std::move(what));
  BOOST_TEST(o.how() == ending::undelivered);
  BOOST_TEST(!o);
  BOOST_TEST(what_value_throws(o).find("malformed") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(what_loading_throws_is_told_as_what_it_is) {
  using value = unloadable<no_licence>;
  auto const o = make<value>(returned(value{}));
  BOOST_TEST(text(o) == "undelivered: the result could not be loaded: no licence to load");
  try {
    static_cast<void>(o.value());
    BOOST_ERROR("no exception");
  } catch (const abnormal_end& end) {
    BOOST_TEST(end.how() == ending::undelivered);
    BOOST_CHECK_THROW(std::rethrow_if_nested(end), no_licence);
  }
}

BOOST_AUTO_TEST_CASE(loading_may_throw_what_says_nothing) {
  using value = unloadable<speechless>;
  auto const o = make<value>(returned(value{}));
  BOOST_TEST(o.how() == ending::undelivered);
  BOOST_TEST(text(o) == "undelivered: the result could not be loaded: outcome_test::speechless");
}

BOOST_AUTO_TEST_CASE(a_value_for_which_there_is_no_memory_is_told_as_that) {
  using value = unloadable<std::bad_alloc>;
  auto const o = make<value>(returned(value{}));
  BOOST_TEST(text(o) == "undelivered: no memory for the result");
  BOOST_TEST(o.reason() == "no memory for the result");
  try {
    static_cast<void>(o.value());
    BOOST_ERROR("no exception");
  } catch (const abnormal_end& end) {
    BOOST_CHECK_THROW(std::rethrow_if_nested(end), std::bad_alloc);
  }
}

BOOST_AUTO_TEST_CASE(loading_may_throw_what_is_no_exception_of_the_standard) {
  using value = unloadable<int>;
  auto const o = make<value>(returned(value{}));
  BOOST_TEST(text(o) == "undelivered: the result could not be loaded: int: 0");
  try {
    static_cast<void>(o.value());
    BOOST_ERROR("no exception");
  } catch (const abnormal_end& end) {
    BOOST_CHECK_THROW(std::rethrow_if_nested(end), int);
  }
}

BOOST_AUTO_TEST_CASE(rubbish_behind_a_known_end_leaves_that_end) {
  report what = ended(ending::lost);
  what.kind = payload_kind::value;
  auto const o = make<std::vector<std::string>>(std::move(what));
  BOOST_TEST(o.how() == ending::lost);
  BOOST_TEST(!o);
}

BOOST_AUTO_TEST_CASE(an_exception) {
  auto const o = make<int>(threw(std::out_of_range{"far out"}));
  BOOST_TEST(o.how() == ending::threw);
  BOOST_TEST(!o);
  BOOST_TEST(!o.success());
  BOOST_TEST(static_cast<bool>(o.exception()));
  BOOST_CHECK_THROW(o.value(), std::out_of_range);
  BOOST_TEST(o.value_or(8) == 8);
  BOOST_TEST(text(o) == "threw: std::out_of_range: far out");
}

namespace {

struct card_declined : std::runtime_error {
  using runtime_error::runtime_error;
};

struct odd {};

/// An exception whose type the program cannot rebuild.
report carried_as_text(const std::exception_ptr& thrown) {
  report what = ended(ending::threw);
  what.kind = payload_kind::exception;
  isolatte::detail::encode_exception(what.payload, thrown, plenty);
  return what;
}

}  // namespace

BOOST_AUTO_TEST_CASE(an_exception_is_told_with_its_type) {
  BOOST_TEST(text(result<int>::threw(card_declined{"no funds"})) ==
             "threw: outcome_test::outcome::(anonymous namespace)::card_declined: no funds");
  BOOST_TEST(text(result<int>::threw(5)) == "threw: int: 5");
  BOOST_TEST(text(result<int>::threw(odd{})) ==
             "threw: outcome_test::outcome::(anonymous namespace)::odd");
  BOOST_TEST(text(result<int>::threw(std::runtime_error{""})) == "threw: std::runtime_error");
}

BOOST_AUTO_TEST_CASE(an_exception_of_an_unknown_type_is_told_with_that_type) {
  auto const arrived = [](auto thrown) {
    return text(make<int>(carried_as_text(std::make_exception_ptr(thrown))));
  };
  BOOST_TEST(arrived(card_declined{"no funds"}) ==
             "threw: outcome_test::outcome::(anonymous namespace)::card_declined: no funds");
  BOOST_TEST(arrived(5) == "threw: int: 5");
  BOOST_TEST(arrived(odd{}) == "threw: outcome_test::outcome::(anonymous namespace)::odd");
}

BOOST_AUTO_TEST_CASE(a_nesting_exception_is_told_with_its_own_type) {
  try {
    try {
      throw std::logic_error{"inner"};
    } catch (...) {
      std::throw_with_nested(std::out_of_range{"outer"});
    }
  } catch (...) {
    auto const thrown = std::current_exception();
    BOOST_TEST(text(result<int>::threw(thrown)) == "threw: std::out_of_range: outer");
    BOOST_TEST(text(make<int>(carried_as_text(thrown))) == "threw: std::out_of_range: outer");
  }
}

BOOST_AUTO_TEST_CASE(a_foreign_exception_says_what_it_is) {
  // std::current_exception() is null in a handler of one.
  auto const line = text(make<int>(carried_as_text(nullptr)));
  BOOST_TEST(line == "threw: a foreign exception, which is not one of C++");
}

BOOST_AUTO_TEST_CASE(what_cannot_be_carried_says_why) {
  auto const o = make<int>(threw(std::runtime_error{"no way"}, payload_kind::unencodable));
  BOOST_TEST(o.how() == ending::undelivered);
  BOOST_CHECK_THROW(o.value(), abnormal_end);
  BOOST_TEST(what_value_throws(o).find("no way") != std::string::npos);
  try {
    o.value();
  } catch (const abnormal_end& end) {
    BOOST_TEST(end.how() == ending::undelivered);
    BOOST_CHECK_THROW(std::rethrow_if_nested(end), std::runtime_error);
  }
}

BOOST_AUTO_TEST_CASE(what_was_not_started_carries_the_systems_answer) {
  report what = ended(ending::not_started);
  what.summary.reason = "creating the child";
  error_code const refused{EAGAIN, boost::system::system_category()};
  auto const o = make<int>(std::move(what), refused);
  try {
    o.value();
    BOOST_ERROR("no exception");
  } catch (const boost::system::system_error& error) {
    BOOST_TEST(error.code() == refused);
  }
  BOOST_TEST(text(o) == "not_started: creating the child: " + refused.message());
  BOOST_TEST(o.reason() == "creating the child: " + refused.message());
}

BOOST_AUTO_TEST_CASE(an_exit_is_a_success_only_with_0) {
  for (int const code : {0, 1, 255}) {
    report what = ended(ending::exited);
    what.summary.exit_code = code;
    what.summary.pid = 17;
    auto const o = make<int>(std::move(what));
    BOOST_TEST(o.success() == (code == 0));
    BOOST_TEST(!o);
    BOOST_TEST(o.exit_code().value() == code);
    BOOST_TEST(text(o) == "exited with code " + std::to_string(code) + " (pid 17)");
    try {
      o.value();
    } catch (const abnormal_end& end) {
      BOOST_TEST(end.how() == ending::exited);
      BOOST_TEST(end.exit_code().value() == code);
      BOOST_TEST(!end.signal().has_value());
    }
  }
}

BOOST_AUTO_TEST_CASE(who_exits_when_asked_to_end_says_with_what) {
  for (ending const how : {ending::timed_out, ending::cancelled}) {
    report what = ended(how);
    what.summary.exit_code = 5;
    auto const o = make<int>(std::move(what));
    BOOST_TEST(text(o) == std::string{to_string(how)} + ", exited with code 5");
    BOOST_TEST(what_value_throws(o).ends_with(", exited with code 5"));
  }
}

BOOST_AUTO_TEST_CASE(signals_are_named) {
  report what = ended(ending::faulted);
  what.summary.signal = SIGSEGV;
  what.summary.core_dumped = true;
  what.summary.fault = isolatte::fault_info{SIGSEGV, SEGV_MAPERR, nullptr, "trace"};
  auto const o = make<int>(std::move(what));
  BOOST_TEST(text(o) == "faulted: SIGSEGV at 0x0 (core dumped)");
  BOOST_TEST(o.core_dumped());
  BOOST_TEST(o.signal().value() == SIGSEGV);
  BOOST_TEST(what_value_throws(o).find("SIGSEGV") != std::string::npos);

  report killed = ended(ending::killed);
  killed.summary.signal = SIGKILL;
  BOOST_TEST(text(make<int>(std::move(killed))) == "killed: SIGKILL");
}

BOOST_AUTO_TEST_CASE(a_signal_that_was_sent_has_no_address) {
  report what = ended(ending::faulted);
  what.summary.signal = SIGABRT;
  what.summary.fault = isolatte::fault_info{SIGABRT, SI_TKILL, nullptr, ""};
  BOOST_TEST(text(make<int>(std::move(what))) == "faulted: SIGABRT");
}

BOOST_AUTO_TEST_CASE(a_stack_overflow_is_called_one) {
  report what = ended(ending::faulted);
  what.summary.signal = SIGSEGV;
  what.summary.fault =
      isolatte::fault_info{SIGSEGV, SEGV_MAPERR, reinterpret_cast<void*>(0x7ff0), "", true};
  BOOST_TEST(text(make<int>(std::move(what))) == "faulted: SIGSEGV at 0x7ff0, a stack overflow");
}

// A child can write any record.
BOOST_AUTO_TEST_CASE(a_fault_is_told_of_the_signal_that_ended_the_child_alone) {
  isolatte::fault_info const overflow{SIGSEGV, SEGV_MAPERR, reinterpret_cast<void*>(0x7ff0), "",
                                      true};
  report aborted = ended(ending::faulted);
  aborted.summary.signal = SIGABRT;
  aborted.summary.fault = overflow;
  BOOST_TEST(text(make<int>(std::move(aborted))) == "faulted: SIGABRT");
  report forged = ended(ending::faulted);
  forged.summary.signal = SIGABRT;
  forged.summary.fault = overflow;
  forged.summary.fault->signal = SIGABRT;
  forged.summary.fault->code = 0;
  BOOST_TEST(text(make<int>(std::move(forged))) == "faulted: SIGABRT");
  report exited = ended(ending::exited);
  exited.summary.exit_code = 3;
  exited.summary.fault = overflow;
  BOOST_TEST(text(make<int>(std::move(exited))) == "exited with code 3");
}

BOOST_AUTO_TEST_CASE(it_is_one_line_whatever_the_message) {
  auto const o = make<int>(threw(std::runtime_error{"one\ntwo\r\nthree"}));
  BOOST_TEST(text(o).find_first_of("\r\n") == std::string::npos);
  auto const rude = make<int>(threw(std::runtime_error{"\x1b[31mred\a\x7f \xc3\xa4"}));
  BOOST_TEST(text(rude).ends_with(" [31mred   \xc3\xa4"));
}

BOOST_AUTO_TEST_CASE(usage_is_told_with_its_unit) {
  report what = ended(ending::exited);
  what.summary.exit_code = 0;
  what.summary.pid = 9;
  what.summary.usage.wall = std::chrono::milliseconds{1500};
  what.summary.usage.max_resident_bytes = std::uint64_t{5} << 20;
  BOOST_TEST(text(make<int>(std::move(what))) == "exited with code 0 (pid 9, 1.5 s, 5 MiB)");
}

BOOST_AUTO_TEST_CASE(the_machine_is_named_if_it_is_another) {
  report what = ended(ending::exited);
  what.summary.exit_code = 0;
  what.summary.pid = 9;
  what.summary.host = "node-7";
  what.summary.usage.wall = std::chrono::milliseconds{1500};
  auto const there = make<int>(std::move(what));
  BOOST_TEST(there.host() == "node-7");
  BOOST_TEST(text(there) == "exited with code 0 (pid 9 on node-7, 1.5 s, 0 MiB)");
  BOOST_TEST(text(result<int>::ended({.how = ending::lost, .host = "node\n7"})) ==
             "lost (on node 7)");
  BOOST_TEST(result<int>::exited(0).host() == "");
}

BOOST_AUTO_TEST_CASE(captured_text_is_handed_over) {
  report what = ended(ending::exited);
  what.summary.out = {"out", true};
  what.summary.err = {"err", false};
  auto const o = make<int>(std::move(what));
  BOOST_TEST(o.out_text() == "out");
  BOOST_TEST(o.out_truncated());
  BOOST_TEST(o.err_text() == "err");
  BOOST_TEST(!o.err_truncated());
}

// The value

template <class O, class U>
concept has_value_or = requires(const O& o, U&& other) { o.value_or(std::forward<U>(other)); };

BOOST_AUTO_TEST_CASE(another_value_has_to_convert_by_itself) {
  static_assert(has_value_or<result<long>, int>);
  static_assert(has_value_or<result<std::string>, const char*>);
  // Five zeros are not five.
  static_assert(!has_value_or<result<std::vector<int>>, int>);
  static_assert(!has_value_or<result<std::unique_ptr<int>>, int*>);
  static_assert(!has_value_or<result<void>, int>);
  BOOST_TEST(result<std::vector<int>>{}.value_or({1, 2}).size() == 2U);
  BOOST_TEST(*result<std::unique_ptr<int>>{}.value_or(std::make_unique<int>(3)) == 3);
  BOOST_TEST(*result<std::unique_ptr<int>>::returned(std::make_unique<int>(4)).value_or(nullptr) ==
             4);
}

BOOST_AUTO_TEST_CASE(a_value_is_accessed_as_that_of_an_optional) {
  auto o = result<std::string>::returned("text");
  BOOST_TEST(o.has_value());
  BOOST_TEST(*o == "text");
  BOOST_TEST(*std::as_const(o) == "text");
  BOOST_TEST(o->size() == 4U);
  BOOST_TEST(std::as_const(o)->size() == 4U);
  o->push_back('s');
  *o += '!';
  std::string const taken = *std::move(o);
  BOOST_TEST(taken == "texts!");
  static_assert(std::is_same_v<decltype(*o), std::string&>);
  static_assert(std::is_same_v<decltype(*std::as_const(o)), const std::string&>);
  static_assert(std::is_same_v<decltype(*std::move(o)), std::string&&>);
  static_assert(noexcept(*o) && noexcept(o.has_value()));
  auto const nothing = result<void>::returned();
  BOOST_TEST(nothing.has_value());
  static_assert(std::is_void_v<decltype(*nothing)>);
  BOOST_TEST(!result<int>{}.has_value());
}

// error() is never null without a value

template <class E>
bool holds(const std::exception_ptr& pointer) {
  try {
    if (pointer) std::rethrow_exception(pointer);
  } catch (const E&) {
    return true;
  } catch (...) {
  }
  return false;
}

BOOST_AUTO_TEST_CASE(an_error_is_there_if_there_is_no_value) {
  BOOST_TEST(!result<int>::returned(1).error());
  BOOST_TEST(!result<void>::returned().error());
  BOOST_TEST(holds<std::out_of_range>(result<int>::threw(std::out_of_range{"far"}).error()));
  BOOST_TEST(holds<int>(result<void>::threw(5).error()));
  error_code const refused{EAGAIN, boost::system::system_category()};
  BOOST_TEST(holds<boost::system::system_error>(result<int>::not_started(refused).error()));
  for (int i = 0; i <= static_cast<int>(ending::lost); ++i) {
    auto const how = static_cast<ending>(i);
    BOOST_TEST_CONTEXT(how) {
      auto const o = result<int>::ended({.how = how, .exit_code = 3, .signal = SIGTERM});
      BOOST_TEST(!o.exception());
      BOOST_REQUIRE(o.error());
      try {
        std::rethrow_exception(o.error());
      } catch (const abnormal_end& end) {
        BOOST_TEST(end.how() == how);
        BOOST_TEST(end.exit_code().value() == 3);
        BOOST_TEST(end.signal().value() == SIGTERM);
        BOOST_TEST(end.what() == what_value_throws(o));
      }
    }
  }
}

// Going on

result<int> length(const std::string& text) {
  if (text.empty()) return result<int>::exited(4);
  return result<int>::returned(static_cast<int>(text.size()), {.pid = 2});
}

BOOST_AUTO_TEST_CASE(goes_on_with_a_value) {
  auto const text = result<std::string>::returned("four", {.pid = 1});
  auto const counted = text.and_then(length);
  static_assert(std::is_same_v<decltype(counted), const result<int>>);
  BOOST_TEST(*counted == 4);
  BOOST_TEST(counted.pid() == 2);
  auto const failed = result<std::string>::returned("").and_then(length);
  BOOST_TEST(failed.how() == ending::exited);
  BOOST_TEST(failed.exit_code().value() == 4);
}

BOOST_AUTO_TEST_CASE(does_not_go_on_without_a_value) {
  auto const thrown = result<std::string>::threw(std::out_of_range{"far"}, {.pid = 7});
  auto const next = thrown.and_then(length);
  BOOST_TEST(next.how() == ending::threw);
  BOOST_TEST(next.pid() == 7);
  BOOST_TEST(holds<std::out_of_range>(next.exception()));
  BOOST_TEST(holds<std::out_of_range>(thrown.exception()));
  auto const mapped = thrown.transform([](const std::string&) { return 1.5; });
  static_assert(std::is_same_v<decltype(mapped), const result<double>>);
  BOOST_TEST(mapped.how() == ending::threw);
  BOOST_TEST(mapped.pid() == 7);
}

BOOST_AUTO_TEST_CASE(a_value_is_replaced_and_all_else_stays) {
  run_summary rest;
  rest.pid = 7;
  rest.usage.wall = std::chrono::milliseconds{3};
  rest.out = {"said", true};
  auto o = result<std::string>::returned("text", rest);
  auto const size = o.transform(&std::string::size);
  static_assert(std::is_same_v<decltype(size), const result<std::size_t>>);
  BOOST_TEST(*size == 4U);
  BOOST_TEST(size.pid() == 7);
  BOOST_TEST((size.usage().wall == std::chrono::milliseconds{3}));
  BOOST_TEST(size.out_text() == "said");
  BOOST_TEST(size.out_truncated());
  BOOST_TEST(o.out_text() == "said");
  auto const moved = std::move(o).transform([](std::string&& text) { return std::move(text); });
  BOOST_TEST(*moved == "text");
  BOOST_TEST(moved.out_text() == "said");
  BOOST_TEST(o->empty());
  BOOST_TEST(o.out_text().empty());
}

BOOST_AUTO_TEST_CASE(a_value_may_be_changed_in_place) {
  auto o = result<int>::returned(1);
  auto const before = o.transform([](int& value) { return value++; });
  BOOST_TEST(*before == 1);
  BOOST_TEST(*o == 2);
  auto const sum = o.and_then([](int& value) { return result<int>::returned(++value); });
  BOOST_TEST(*sum == 3);
  BOOST_TEST(*o == 3);
}

BOOST_AUTO_TEST_CASE(nothing_is_a_value_to_go_on_with) {
  auto const o = result<void>::returned({.pid = 5});
  BOOST_TEST(*o.transform([] { return 6; }) == 6);
  BOOST_TEST(o.transform([] { return 6; }).pid() == 5);
  auto const none = result<int>::returned(6, {.pid = 8}).transform([](int) {});
  static_assert(std::is_same_v<decltype(none), const result<void>>);
  BOOST_TEST(none.has_value());
  BOOST_TEST(none.pid() == 8);
  BOOST_TEST(*o.and_then([] { return result<int>::returned(9); }) == 9);
  BOOST_TEST(result<void>::exited(3).and_then([] { return result<int>{}; }).exit_code().value() ==
             3);
}

BOOST_AUTO_TEST_CASE(values_that_only_move_are_moved_on) {
  auto o = result<std::unique_ptr<int>>::returned(std::make_unique<int>(4));
  auto next = std::move(o).transform([](std::unique_ptr<int> p) { return p; });
  auto last = std::move(next).and_then(
      [](std::unique_ptr<int> p) { return result<std::unique_ptr<int>>::returned(std::move(p)); });
  auto const kept = std::move(last).or_else(
      [](const std::exception_ptr&) { return result<std::unique_ptr<int>>{}; });
  BOOST_TEST(**kept == 4);
}

BOOST_AUTO_TEST_CASE(has_another_way_to_a_value) {
  auto const retry = [](const std::exception_ptr& why) {
    return holds<std::out_of_range>(why) ? result<int>::returned(1) : result<int>::exited(9);
  };
  BOOST_TEST(*result<int>::returned(5).or_else(retry) == 5);
  auto const thrown = result<int>::threw(std::out_of_range{"far"});
  BOOST_TEST(*thrown.or_else(retry) == 1);
  // The error is never null.
  BOOST_TEST(result<int>::exited(3).or_else(retry).exit_code().value() == 9);
  BOOST_TEST(result<void>::ended_by_signal(SIGSEGV)
                 .or_else([](const std::exception_ptr& why) {
                   return holds<abnormal_end>(why) ? result<void>::returned() : result<void>{};
                 })
                 .has_value());
}

BOOST_AUTO_TEST_CASE(an_exception_on_the_way_leaves_it_as_it_was) {
  auto o = result<std::string>::returned("text", {.pid = 7, .out = {"said"}});
  auto const fail = [](std::string&) -> int { throw std::domain_error{"no"}; };
  BOOST_CHECK_THROW(static_cast<void>(o.transform(fail)), std::domain_error);
  auto const fail_too = [](std::string&&) -> int { throw std::domain_error{"no"}; };
  BOOST_CHECK_THROW(static_cast<void>(std::move(o).transform(fail_too)), std::domain_error);
  BOOST_TEST(*o == "text");
  BOOST_TEST(o.out_text() == "said");
}

// Outcomes that users make, for tests of their own

BOOST_AUTO_TEST_CASE(one_that_returned_can_be_made) {
  auto const o = result<int>::returned(5, {.pid = 7, .err = {"warned", false}});
  BOOST_TEST(o.how() == ending::returned);
  BOOST_TEST(o.ran() == isolatte::ran::yes);
  BOOST_TEST(o.success());
  BOOST_TEST(o.value() == 5);
  BOOST_TEST(o.exit_code().value() == 0);
  BOOST_TEST(o.pid() == 7);
  BOOST_TEST(o.err_text() == "warned");
  auto const late = result<int>::returned(6, {.how = ending::cancelled, .signal = SIGTERM});
  BOOST_TEST(late.how() == ending::cancelled);
  BOOST_TEST(late.value() == 6);
  BOOST_TEST(!late.exit_code().has_value());
  BOOST_TEST(!late.success());
}

BOOST_AUTO_TEST_CASE(one_that_threw_can_be_made) {
  auto const o = result<int>::threw(std::out_of_range{"far out"}, {.pid = 7});
  BOOST_TEST(o.how() == ending::threw);
  BOOST_TEST(o.ran() == isolatte::ran::yes);
  BOOST_TEST(o.exit_code().value() == 1);
  BOOST_CHECK_THROW(o.value(), std::out_of_range);
  BOOST_TEST(text(o) == "threw: std::out_of_range: far out (pid 7)");
  auto const pointer = std::make_exception_ptr(7);
  BOOST_TEST((result<void>::threw(pointer).exception() == pointer));
}

BOOST_AUTO_TEST_CASE(one_that_exited_can_be_made) {
  auto const o = result<int>::exited(3, {.pid = 17});
  BOOST_TEST(o.how() == ending::exited);
  BOOST_TEST(o.ran() == isolatte::ran::yes);
  BOOST_TEST(!o);
  BOOST_TEST(text(o) == "exited with code 3 (pid 17)");
  BOOST_TEST(result<void>::exited(0).success());
}

BOOST_AUTO_TEST_CASE(one_that_a_signal_ended_can_be_made) {
  BOOST_TEST(result<int>::ended_by_signal(SIGSEGV).how() == ending::faulted);
  BOOST_TEST(result<int>::ended_by_signal(SIGKILL).how() == ending::killed);
  BOOST_TEST(result<int>::ended_by_signal(SIGTERM).how() == ending::signaled);
  auto const dumped = result<int>::ended_by_signal(SIGQUIT, {.core_dumped = true});
  BOOST_TEST(dumped.how() == ending::faulted);
  BOOST_TEST(dumped.signal().value() == SIGQUIT);
  BOOST_TEST(dumped.ran() == isolatte::ran::yes);
  auto const traced = result<int>::ended_by_signal(
      SIGSEGV, {.fault = isolatte::fault_info{SIGSEGV, SEGV_MAPERR, nullptr, "trace"}});
  BOOST_TEST(text(traced) == "faulted: SIGSEGV at 0x0");
  BOOST_TEST(traced.fault()->trace == "trace");
}

BOOST_AUTO_TEST_CASE(one_that_was_not_started_can_be_made) {
  error_code const refused{EAGAIN, boost::system::system_category()};
  auto const o = result<int>::not_started(refused, {.reason = "creating the child"});
  BOOST_TEST(o.how() == ending::not_started);
  BOOST_TEST(o.ran() == isolatte::ran::no);
  BOOST_TEST(text(o) == "not_started: creating the child: " + refused.message());
  BOOST_CHECK_THROW(o.value(), boost::system::system_error);
}

BOOST_AUTO_TEST_CASE(one_of_any_ending_can_be_made) {
  run_summary all;
  all.how = ending::timed_out;
  all.ran = isolatte::ran::unknown;
  all.signal = SIGKILL;
  all.out = {"out", true};
  auto const o = result<int>::ended(all);
  BOOST_TEST(o.how() == ending::timed_out);
  BOOST_TEST(o.ran() == isolatte::ran::unknown);
  BOOST_TEST(text(o) == "timed_out: SIGKILL");
  BOOST_TEST(o.reason() == "");
  BOOST_TEST(o.out_text() == "out");
  BOOST_TEST(!o.exception());
  auto const pointer = std::make_exception_ptr(7);
  BOOST_TEST((result<int>::ended({.how = ending::undelivered}, pointer).exception() == pointer));
}

BOOST_AUTO_TEST_CASE(moving_one_leaves_nothing_of_it) {
  auto o = result<std::string>::threw(1, {.out = {std::string(100, 'x')}});
  auto const moved = std::move(o);
  BOOST_TEST(moved.out_text().size() == 100U);
  BOOST_TEST(o.out_text().empty());
  BOOST_TEST(!o.exception());
  static_assert(std::is_nothrow_move_constructible_v<result<std::string>>);
  static_assert(std::is_nothrow_move_assignable_v<result<void>>);
  static_assert(std::is_nothrow_default_constructible_v<result<std::string>>);
  static_assert(!std::is_copy_constructible_v<result<std::unique_ptr<int>>>);
}

BOOST_AUTO_TEST_CASE(every_ending_has_its_word) {
  std::string all;
  for (int i = 0; i <= static_cast<int>(ending::lost); ++i) {
    std::ostringstream os;
    os << static_cast<ending>(i);
    all += os.str() + ' ';
  }
  BOOST_TEST(all ==
             "not_started returned threw exited faulted killed signaled timed_out cancelled "
             "undelivered lost ");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace outcome_test
