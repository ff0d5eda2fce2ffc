// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include <isolatte/detail/archive/codec.hpp>
#include <isolatte/detail/exception/codec.hpp>
#include <isolatte/detail/task/outcome_handler.hpp>
#include <isolatte/outcome.hpp>

#include <boost/system/system_error.hpp>
#include <boost/test/unit_test.hpp>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace outcome_test {

using boost::system::error_code;
using isolatte::abnormal_end;
using isolatte::ending;
template <class R>
using result = isolatte::outcome<R>;
using isolatte::detail::payload_kind;
using isolatte::detail::report;
using isolatte::detail::run_summary;

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
  BOOST_TEST(text(o) == "threw: far out");
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
