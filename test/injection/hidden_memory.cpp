// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// Memory in which the program or a template looks for numbers of processes has to be kept from
// their other children. If the kernel refuses that, there is no such memory, and who asked is told.

#include "posix/birth_numbers.hpp"
#include "posix/child_page.hpp"
#include "posix/job_channel.hpp"
#include "support/fail_calls.hpp"
#include "support/nothing_left.hpp"

#include <isolatte/call.hpp>
#include <isolatte/error.hpp>
#include <isolatte/fork.hpp>
#include <isolatte/fork_server.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/system/system_error.hpp>
#include <boost/test/unit_test.hpp>

#include <cerrno>
#include <optional>
#include <string>

#include <sys/mman.h>

#ifdef MADV_DONTFORK

namespace hidden_memory_test {

namespace asio = boost::asio;
using boost::system::error_code;
using isolatte::call;
using isolatte::ending;
using isolatte::outcome;
using isolatte::test::fail_calls;
using isolatte::test::failure;
using isolatte::test::side;

constexpr const char* hiding = "madvise";

struct answer {
  error_code ec;
  ending how = ending::lost;
};

answer ask(isolatte::fork_server& server, asio::io_context& context) {
  answer told;
  server.async_fork(call([] { return 42; }), {}, [&](error_code ec, const outcome<int>& what) {
    told = {ec, what.how()};
    BOOST_TEST((!what || what.value() == 42));
  });
  context.restart();
  context.run();
  return told;
}

bool is_refusal(const error_code& ec) {
  return ec.value() == EAGAIN || ec == isolatte::error::server_died;
}

/// Refuses each attempt to hide or to show memory in turn, while a new server has a first request
/// and a second one, which always works.
/// @return how often the first one failed, or its server was replaced or did not start
int harmed_requests(side where, const isolatte::fork_server_options& options) {
  int harmed = 0;
  for (unsigned nth = 1;; ++nth) {
    BOOST_REQUIRE(nth < 1000);
    fail_calls const calls{{.where = where, .nth = nth, .entry = hiding}};
    asio::io_context context;
    std::optional<isolatte::fork_server> made;
    try {
      made.emplace(context, options);
    } catch (const boost::system::system_error& error) {
      BOOST_TEST(is_refusal(error.code()));
      ++harmed;
      continue;
    }
    isolatte::fork_server& server = *made;
    auto const first = ask(server, context);
    if (!calls.injected()) return harmed;
    BOOST_TEST_CONTEXT("call " << nth << " is refused, " << first.ec.message()) {
      if (first.ec) {
        BOOST_TEST(first.how == ending::not_started);
        BOOST_TEST(is_refusal(first.ec));
      } else {
        BOOST_TEST(first.how == ending::returned);
      }
      BOOST_TEST(ask(server, context).how == ending::returned);
      harmed += first.ec || server.stats().starts > options.templates;
    }
  }
}

BOOST_FIXTURE_TEST_SUITE(hidden_memory, isolatte::test::nothing_left)

BOOST_AUTO_TEST_CASE(memory_that_is_not_hidden_is_given_back) {
  namespace posix = isolatte::posix;
  fail_calls const calls{{.how = failure::mode::every, .entry = hiding}};
  posix::descriptor file;
  error_code ec;
  BOOST_TEST((posix::birth_numbers::make(file, ec) == nullptr));
  BOOST_TEST(ec.value() == EAGAIN);
  ec.clear();
  BOOST_TEST((posix::child_page::make_file(file, ec).data() == nullptr));
  BOOST_TEST(ec.value() == EAGAIN);
  ec.clear();
  posix::job_page::make(file, ec);
  BOOST_TEST(ec.value() == EAGAIN);
}

BOOST_AUTO_TEST_CASE(a_request_whose_memory_is_not_hidden_fails) {
  // The page of the child, and the numbers of the template's children.
  BOOST_TEST(harmed_requests(side::parent, {}) >= 2);
}

BOOST_AUTO_TEST_CASE(a_template_that_cannot_hide_memory_ends) {
  // The page of the template, the numbers of its children, and the page of the child.
  BOOST_TEST(harmed_requests(side::child, {}) >= 3);
}

BOOST_AUTO_TEST_CASE(a_copy_that_cannot_hide_its_page_is_made_again) {
  harmed_requests(side::child, {.templates = 2});
}

BOOST_AUTO_TEST_CASE(a_child_that_would_not_have_its_page_is_not_made) {
  // The first call may make memory ahead of need.
  BOOST_TEST(isolatte::fork([] { return 42; }).value() == 42);
  int refused = 0;
  for (unsigned nth = 1;; ++nth) {
    BOOST_REQUIRE(nth < 1000);
    fail_calls const calls{{.where = side::parent, .nth = nth, .entry = hiding}};
    outcome<int> const told = isolatte::fork([] { return 42; });
    if (!calls.injected()) break;
    if (told.how() == ending::returned) continue;
    BOOST_TEST(told.how() == ending::not_started);
    BOOST_CHECK_EXCEPTION(
        told.value(), boost::system::system_error,
        [](const boost::system::system_error& error) { return error.code().value() == EAGAIN; });
    ++refused;
  }
  BOOST_TEST(refused == 1);
}

BOOST_AUTO_TEST_CASE(a_child_that_cannot_hide_its_page_says_so) {
  fail_calls const calls{{.how = failure::mode::every, .where = side::child, .entry = hiding}};
  outcome<int> const told = isolatte::fork([] { return 42; });
  BOOST_REQUIRE(told.how() == ending::not_started);
  BOOST_CHECK_EXCEPTION(
      told.value(), boost::system::system_error, [](const boost::system::system_error& error) {
        return error.code().value() == EAGAIN &&
               std::string{error.what()}.find("its own children") != std::string::npos;
      });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace hidden_memory_test

#endif
