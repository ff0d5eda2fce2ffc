// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_TEST_PROCESS_SERVED_DESCRIPTORS_HPP
#define ISOLATTE_TEST_PROCESS_SERVED_DESCRIPTORS_HPP

#include "helpers.hpp"

#include <isolatte/call.hpp>
#include <isolatte/options.hpp>
#include <isolatte/outcome.hpp>

#include <boost/test/unit_test.hpp>

#include <filesystem>
#include <string>
#include <system_error>
#include <vector>

// Checks the descriptors of a fork server's child, for both ways to make one. `run(call, options)`
// runs a call and returns how it completed.

namespace isolatte::inline v0_1::test {

template <class Run>
void check_that_streams_travel(Run run) {
  // The server does not have this pipe, because it was opened after the server was made.
  wire given;
  int const fd = given.write_end();
  auto const done = run(isolatte::call(
                            [](int keep) {
                              std::string const text = read_all(0);
                              write_all(1, "out:" + text);
                              write_all(2, "err:" + text);
                              write_all(keep, "kept");
                            },
                            fd),
                        isolatte::options{.in = isolatte::from_text{"hello"},
                                          .out = isolatte::capture{},
                                          .err = isolatte::capture{},
                                          .keep = {fd}});
  BOOST_TEST(done.what.how() == isolatte::ending::returned, done.what);
  BOOST_TEST(done.what.out_text() == "out:hello");
  BOOST_TEST(done.what.err_text() == "err:hello");
  BOOST_TEST(given.read_rest() == "kept");
}

template <class Run>
void check_that_there_are_no_others(Run run) {
  auto const done =
      run(isolatte::call([] {
            std::vector<std::string> names;
            for (auto const& entry : std::filesystem::directory_iterator{"/proc/self/fd"}) {
              std::error_code gone;
              names.push_back(std::filesystem::read_symlink(entry.path(), gone).string());
            }
            return names;
          }),
          isolatte::options{.out = isolatte::discard});
  for (auto const& name : done.what.value()) {
    BOOST_TEST(name.find("socket") == std::string::npos, name);
    BOOST_TEST(name.find("memfd") == std::string::npos, name);
  }
}

}  // namespace isolatte::inline v0_1::test

#endif
