// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "vocabulary/errors.hpp"

#include <isolatte/error.hpp>

#include <boost/system/errc.hpp>
#include <boost/system/system_error.hpp>
#include <boost/test/unit_test.hpp>

#include <cerrno>
#include <ios>
#include <new>
#include <set>
#include <stdexcept>
#include <string>
#include <system_error>

namespace error_test {

using boost::system::error_code;
namespace errc = boost::system::errc;

BOOST_AUTO_TEST_SUITE(error)

BOOST_AUTO_TEST_CASE(every_one_has_a_message_of_its_own) {
  std::set<std::string> messages;
  for (int i = 1; i <= static_cast<int>(isolatte::error::too_large); ++i) {
    error_code const ec = static_cast<isolatte::error>(i);
    BOOST_TEST(ec.failed());
    BOOST_TEST(ec.category().name() == std::string{"isolatte"});
    BOOST_TEST(messages.insert(ec.message()).second);
    BOOST_TEST(ec.message().find("unknown") == std::string::npos);
  }
  BOOST_TEST(isolatte::error_category().message(99) == "unknown error 99");
}

BOOST_AUTO_TEST_CASE(is_equal_to_the_portable_condition_that_fits) {
  auto const code = [](isolatte::error e) { return make_error_code(e); };
  BOOST_TEST((code(isolatte::error::already_waiting) == errc::operation_in_progress));
  BOOST_TEST((code(isolatte::error::already_delivered) == errc::no_child_process));
  BOOST_TEST((code(isolatte::error::no_child) == errc::no_child_process));
  BOOST_TEST((code(isolatte::error::server_died) == errc::connection_reset));
  BOOST_TEST((code(isolatte::error::unknown_function) == errc::function_not_supported));
  BOOST_TEST((code(isolatte::error::queue_full) == errc::resource_unavailable_try_again));
  BOOST_TEST((code(isolatte::error::sandbox_unsupported) == errc::not_supported));
  BOOST_TEST((code(isolatte::error::preload_failed) == errc::state_not_recoverable));
  BOOST_TEST((code(isolatte::error::worker_start_failed) == errc::state_not_recoverable));
  BOOST_TEST((code(isolatte::error::expired) == errc::timed_out));
  BOOST_TEST((code(isolatte::error::bad_message) == errc::bad_message));
  BOOST_TEST((code(isolatte::error::state_lost) == errc::owner_dead));
  BOOST_TEST((code(isolatte::error::not_in_time) == errc::timed_out));
  BOOST_TEST((code(isolatte::error::no_server) == errc::not_connected));
  BOOST_TEST((code(isolatte::error::too_large) == errc::message_size));
}

BOOST_AUTO_TEST_CASE(stays_itself_if_none_fits) {
  error_code const ec = isolatte::error::bad_element;
  BOOST_TEST((ec.default_error_condition().category() == isolatte::error_category()));
  BOOST_TEST(ec.default_error_condition().value() == ec.value());
  auto const unknown = isolatte::error_category().default_error_condition(99);
  BOOST_TEST(unknown.value() == 99);
}

/// The error of what is thrown.
template <class E>
error_code error_of(const E& thrown) {
  try {
    throw thrown;
  } catch (...) {
    return isolatte::detail::error_of_caught();
  }
}

BOOST_AUTO_TEST_CASE(an_exception_has_the_error_that_it_carries) {
  error_code const full{EMFILE, boost::system::system_category()};
  BOOST_TEST(error_of(std::bad_alloc{}) == errc::not_enough_memory);
  BOOST_TEST(error_of(boost::system::system_error{full}) == full);
  BOOST_TEST(error_of(std::system_error{EMFILE, std::system_category()}) == full);
  BOOST_TEST(error_of(std::system_error{EMFILE, std::generic_category()}) == full);
  auto const broken = std::make_error_code(std::io_errc::stream);
  BOOST_TEST((error_of(std::system_error{broken}) == error_code{broken}));
  BOOST_CHECK_THROW(error_of(std::runtime_error{"no error"}), std::runtime_error);
  BOOST_CHECK_THROW(error_of(7), int);
}

BOOST_AUTO_TEST_CASE(is_equal_to_no_other_error_code) {
  error_code const full = isolatte::error::queue_full;
  error_code const again{EAGAIN, boost::system::generic_category()};
  BOOST_TEST((full == isolatte::error::queue_full));
  BOOST_TEST((full != again));
  BOOST_TEST((full != isolatte::error::no_child));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace error_test
