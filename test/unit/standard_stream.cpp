// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "posix/standard_stream.hpp"

#include "posix/descriptor.hpp"
#include "support/fail_calls.hpp"

#include <boost/system/errc.hpp>
#include <boost/system/error_code.hpp>
#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <string>

#include <unistd.h>

namespace standard_stream_test {

using boost::system::error_code;
using isolatte::posix::is_standard_stream;
using isolatte::posix::write_without_waiting;
using isolatte::test::fail_calls;
using isolatte::test::failure;

/// A pipe of which no end counts as a stream, because the library has marked both.
struct marked_pipe {
  error_code ec;
  isolatte::posix::pipe_ends ends = isolatte::posix::make_pipe(ec);
};

BOOST_FIXTURE_TEST_SUITE(standard_stream, marked_pipe)

BOOST_AUTO_TEST_CASE(a_file_that_cannot_be_looked_at_is_an_error) {
  for (auto const* const entry : {"fcntl", "fstat"}) BOOST_TEST_CONTEXT(entry) {
      fail_calls const refused{{.how = failure::mode::every, .entry = entry}};
      ec = {};
      BOOST_TEST(!is_standard_stream(ends.write.get(), ec));
      BOOST_TEST(ec.value() == refused.error());
    }
  ec = {};
  BOOST_TEST(!is_standard_stream(ends.write.get(), ec));
  BOOST_TEST(!ec);
}

BOOST_AUTO_TEST_CASE(what_a_stream_does_not_take_at_once_is_left) {
  isolatte::posix::descriptor const stream{::dup(ends.write.get())};
  std::string const much(1'000'000, 'x');
  auto const went = write_without_waiting(stream.get(), much);
  BOOST_TEST(went > 0u);
  BOOST_TEST(went < much.size());
  BOOST_TEST(write_without_waiting(stream.get(), "y") == 0u);
  std::string taken(went, ' ');
  std::size_t have = 0;
  while (have != went) {
    ssize_t const count = ::read(ends.read.get(), taken.data() + have, went - have);
    BOOST_REQUIRE(count > 0);
    have += static_cast<std::size_t>(count);
  }
  BOOST_TEST(taken == std::string(went, 'x'));
  fail_calls const refused{{.how = failure::mode::every, .entry = "write"}};
  BOOST_TEST(write_without_waiting(stream.get(), "y") == 0u);
}

BOOST_AUTO_TEST_CASE(text_for_no_stream_is_dropped) {
  BOOST_TEST(write_without_waiting(ends.write.get(), "text") == 4u);
  BOOST_TEST(write_without_waiting(ends.write.get(), "") == 0u);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace standard_stream_test
