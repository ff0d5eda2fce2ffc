// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "helpers.hpp"
#include "support/nothing_left.hpp"

#include <isolatte.hpp>

#include <boost/asio/error.hpp>
#include <boost/exception/diagnostic_information.hpp>
#include <boost/exception/get_error_info.hpp>
#include <boost/exception/info.hpp>
#include <boost/system/system_error.hpp>
#include <boost/test/unit_test.hpp>
#include <boost/throw_exception.hpp>

#include <any>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <filesystem>
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
#include <typeinfo>
#include <variant>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

namespace exceptions_test {

using isolatte::abnormal_end;
using isolatte::ending;
using isolatte::fork;
using isolatte::remote_exception;
using isolatte::test::malloc_refuses;
using isolatte::test::nothing_left;
using isolatte::test::used;

/// Catches the exception of the callable in the program, as an E, and examines it.
template <class E, class F, class Look>
void arrives(F fn, Look look) {
  auto const what = fork(std::move(fn));
  BOOST_TEST(what.how() == ending::threw);
  BOOST_TEST(what.ran() == isolatte::ran::yes);
  bool caught = false;
  try {
    what.value();
  } catch (const E& error) {
    caught = true;
    look(error);
  } catch (...) {
  }
  BOOST_TEST(caught, "arrived as something other than " << typeid(E).name());
}

/// Checks that an exception arrives with exactly its type and its message.
template <class E>
void check_same(const E& original) {
  arrives<E>([&] { throw original; },
             [&](const E& error) {
               BOOST_TEST((typeid(error) == typeid(E)));
               BOOST_TEST(std::string{error.what()} == original.what());
             });
}

struct parse_error : std::runtime_error {
  explicit parse_error(const std::string& message, int at = 0)
      : std::runtime_error{message}, line{at} {}
  int line;
  template <class Archive>
  void serialize(Archive& ar, unsigned) {
    ar & line;
  }
};
ISOLATTE_REGISTER_EXCEPTION(parse_error)

struct plain_error : std::logic_error {
  using std::logic_error::logic_error;
};
ISOLATTE_REGISTER_EXCEPTION(plain_error)

struct unknown_error : parse_error {
  using parse_error::parse_error;
};

struct unknown_runtime_error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct no_exception_at_all {
  int value = 1;
};

/// A registered exception whose serialize() throws.
struct stubborn_error : std::runtime_error {
  explicit stubborn_error(const std::string& message = "") : std::runtime_error{message} {}
  template <class Archive>
  void serialize(Archive&, unsigned) {
    if (Archive::is_saving::value) throw std::domain_error{"not me"};
  }
};
ISOLATTE_REGISTER_EXCEPTION(stubborn_error)

/// A registered exception whose serialize() aborts.
struct deadly_error : std::runtime_error {
  explicit deadly_error(const std::string& message = "") : std::runtime_error{message} {}
  template <class Archive>
  void serialize(Archive&, unsigned) {
    if (Archive::is_saving::value) std::abort();
  }
};
ISOLATTE_REGISTER_EXCEPTION(deadly_error)

using file_name = boost::error_info<struct file_name_tag, std::string>;

BOOST_AUTO_TEST_SUITE(exceptions)

BOOST_FIXTURE_TEST_CASE(of_the_standard, nothing_left) {
  check_same(std::runtime_error{"a message"});
  check_same(std::runtime_error{""});
  check_same(std::logic_error{"logic"});
  check_same(std::invalid_argument{"argument"});
  check_same(std::domain_error{"domain"});
  check_same(std::length_error{"length"});
  check_same(std::out_of_range{"range"});
  check_same(std::range_error{"range"});
  check_same(std::overflow_error{"over"});
  check_same(std::underflow_error{"under"});
  check_same(std::bad_alloc{});
  check_same(std::bad_array_new_length{});
  check_same(std::bad_cast{});
  check_same(std::bad_typeid{});
  check_same(std::bad_any_cast{});
  check_same(std::bad_function_call{});
  check_same(std::bad_optional_access{});
  check_same(std::bad_variant_access{});
  check_same(std::bad_weak_ptr{});
  check_same(std::bad_exception{});
  check_same(std::exception{});
}

BOOST_FIXTURE_TEST_CASE(of_the_standard_with_data, nothing_left) {
  arrives<std::system_error>(
      [] { throw std::system_error{ENOENT, std::system_category(), "opening"}; },
      [](const std::system_error& error) {
        BOOST_TEST((error.code() == std::error_code{ENOENT, std::system_category()}));
        BOOST_TEST(std::string{error.what()}.starts_with("opening"));
      });
  arrives<std::filesystem::filesystem_error>(
      [] { return std::filesystem::file_size("/does/not/exist"); },
      [](const std::filesystem::filesystem_error& error) {
        BOOST_TEST(error.path1() == "/does/not/exist");
        BOOST_TEST((error.code() == std::errc::no_such_file_or_directory));
      });
  arrives<std::ios_base::failure>([] { throw std::ios_base::failure{"i/o", std::io_errc::stream}; },
                                  [](const std::ios_base::failure& error) {
                                    BOOST_TEST((error.code() == std::io_errc::stream));
                                  });
  arrives<std::future_error>(
      [] {
        std::future<int> future = std::promise<int>{}.get_future();
        return future.get();
      },
      [](const std::future_error& error) {
        BOOST_TEST((error.code() == std::future_errc::broken_promise));
      });
  arrives<std::regex_error>([] { std::regex{"("}; },
                            [](const std::regex_error& error) {
                              BOOST_TEST((error.code() == std::regex_constants::error_paren));
                            });
}

BOOST_FIXTURE_TEST_CASE(thrown_by_the_library_itself, nothing_left) {
  arrives<std::out_of_range>([] { return std::vector<int>{}.at(1); }, [](const auto&) {});
  arrives<std::invalid_argument>([] { return std::stoi("x"); }, [](const auto&) {});
}

BOOST_FIXTURE_TEST_CASE(thrown_where_memory_runs_out, nothing_left) {
  if (!malloc_refuses) return;
  arrives<std::bad_alloc>(
      [] {
        // No system has so much memory, but a vector accepts the size.
        std::vector<char> v;
        v.reserve(std::size_t{1} << 62);
        return used(v.data()) != nullptr;
      },
      [](const auto&) {});
}

BOOST_FIXTURE_TEST_CASE(of_boost, nothing_left) {
  arrives<boost::system::system_error>(
      [] { throw boost::system::system_error{boost::asio::error::eof, "reading"}; },
      [](const boost::system::system_error& error) {
        BOOST_TEST((error.code() == boost::asio::error::eof));
        BOOST_TEST(std::string{error.what()}.starts_with("reading"));
      });
}

BOOST_FIXTURE_TEST_CASE(of_boost_with_diagnostics, nothing_left) {
  auto const fail = [] {
    BOOST_THROW_EXCEPTION(boost::enable_error_info(parse_error{"bad", 7})
                          << file_name{"config.txt"});
  };
  arrives<parse_error>(fail, [](const parse_error& error) {
    BOOST_TEST(error.line == 7);
    BOOST_TEST(std::string{error.what()} == "bad");
    std::string const text = boost::diagnostic_information(error);
    BOOST_TEST(text.find("config.txt") != std::string::npos, text);
    BOOST_TEST(text.find("exceptions.cpp") != std::string::npos, text);
  });
}

BOOST_FIXTURE_TEST_CASE(of_users_registered, nothing_left) {
  arrives<parse_error>([] { throw parse_error{"line 3 is wrong", 3}; },
                       [](const parse_error& error) {
                         BOOST_TEST((typeid(error) == typeid(parse_error)));
                         BOOST_TEST(error.line == 3);
                         BOOST_TEST(std::string{error.what()} == "line 3 is wrong");
                       });
  check_same(plain_error{"plain"});
}

BOOST_FIXTURE_TEST_CASE(of_users_not_registered, nothing_left) {
  auto const check = [](const auto& error) {
    auto const* const remote = dynamic_cast<const remote_exception*>(&error);
    BOOST_REQUIRE(remote);
    BOOST_TEST(remote->type_name() == "exceptions_test::unknown_runtime_error");
    BOOST_TEST(remote->message() == "unheard of");
    BOOST_TEST(std::string{error.what()} == "unheard of");
  };
  auto const fail = [] { throw unknown_runtime_error{"unheard of"}; };
  arrives<std::runtime_error>(fail, check);
  arrives<std::exception>(fail, check);
  arrives<remote_exception>(
      fail, [](const remote_exception& remote) { BOOST_TEST(remote.message() == "unheard of"); });
}

BOOST_FIXTURE_TEST_CASE(of_users_derived_from_a_registered_one, nothing_left) {
  arrives<parse_error>([] { throw unknown_error{"derived", 9}; },
                       [](const parse_error& error) {
                         BOOST_TEST(error.line == 9);
                         auto const* const remote = dynamic_cast<const remote_exception*>(&error);
                         BOOST_REQUIRE(remote);
                         BOOST_TEST(remote->type_name() == "exceptions_test::unknown_error");
                       });
}

BOOST_FIXTURE_TEST_CASE(that_are_none, nothing_left) {
  auto const check = [](const char* type, const char* message) {
    return [=](const remote_exception& remote) {
      BOOST_TEST(remote.type_name() == type);
      BOOST_TEST(remote.message() == message);
    };
  };
  arrives<remote_exception>([] { throw 42; }, check("int", "42"));
  arrives<remote_exception>([] { throw "literally"; }, check("char const*", "literally"));
  arrives<remote_exception>([] { throw no_exception_at_all{}; },
                            check("exceptions_test::no_exception_at_all", ""));
  // Any thrown object can be caught as a std::exception.
  arrives<std::exception>(
      [] { throw 42; },
      [](const std::exception& error) { BOOST_TEST(!std::string{error.what()}.empty()); });
}

BOOST_FIXTURE_TEST_CASE(that_are_nested, nothing_left) {
  auto const fail = [] {
    try {
      try {
        throw parse_error{"inmost", 1};
      } catch (...) {
        std::throw_with_nested(std::out_of_range{"middle"});
      }
    } catch (...) {
      std::throw_with_nested(unknown_runtime_error{"outer"});
    }
  };
  arrives<std::runtime_error>(fail, [](const std::runtime_error& outer) {
    BOOST_TEST(std::string{outer.what()} == "outer");
    bool seen = false;
    try {
      std::rethrow_if_nested(outer);
    } catch (const std::out_of_range& middle) {
      BOOST_TEST(std::string{middle.what()} == "middle");
      try {
        std::rethrow_if_nested(middle);
      } catch (const parse_error& inmost) {
        seen = inmost.line == 1;
      }
    }
    BOOST_TEST(seen);
  });
}

BOOST_FIXTURE_TEST_CASE(whose_inner_one_does_not_travel, nothing_left) {
  arrives<std::out_of_range>(
      [] {
        try {
          throw stubborn_error{"inner"};
        } catch (...) {
          std::throw_with_nested(std::out_of_range{"outer"});
        }
      },
      [](const std::out_of_range& outer) {
        BOOST_TEST(std::string{outer.what()} == "outer");
        BOOST_CHECK_THROW(std::rethrow_if_nested(outer), std::runtime_error);
      });
}

BOOST_FIXTURE_TEST_CASE(that_refuse_to_be_saved, nothing_left) {
  arrives<std::runtime_error>([] { throw stubborn_error{"still has a message"}; },
                              [](const std::runtime_error& error) {
                                BOOST_TEST(std::string{error.what()} == "still has a message");
                              });
}

BOOST_FIXTURE_TEST_CASE(that_kill_the_child_on_their_way, nothing_left) {
  auto const what = fork([] { throw deadly_error{"last words"}; },
                         {.limits = {.core_size = 0}, .fault_report = false});
  BOOST_TEST(what.how() == ending::faulted);
  BOOST_TEST((what.signal() == SIGABRT));
}

BOOST_FIXTURE_TEST_CASE(with_large_messages, nothing_left) {
  std::string const message = std::string(5 << 20, 'm') + "end";
  arrives<std::runtime_error>(
      [&] { throw std::runtime_error{message}; },
      [&](const std::runtime_error& error) { BOOST_TEST((error.what() == message)); });
}

BOOST_FIXTURE_TEST_CASE(with_messages_beyond_the_limit, nothing_left) {
  // The message may be cut, but the exception has to arrive.
  auto const what = fork([]() -> int { throw std::range_error{std::string(5 << 20, 'm')}; },
                         {.max_result = 1000});
  BOOST_TEST(what.how() == ending::threw);
  BOOST_CHECK_THROW(what.value(), std::range_error);
}

BOOST_FIXTURE_TEST_CASE(beside_a_tiny_limit, nothing_left) {
  auto const what = fork([]() -> int { throw parse_error{"small", 4}; }, {.max_result = 0});
  BOOST_CHECK_EXCEPTION(what.value(), parse_error,
                        [](const parse_error& error) { return error.line == 4; });
}

BOOST_FIXTURE_TEST_CASE(may_be_rethrown_and_copied_at_will, nothing_left) {
  auto const what = fork([]() -> int { throw unknown_error{"again", 2}; });
  auto const copy = what;
  for (int i = 0; i != 3; ++i) {
    BOOST_CHECK_THROW(copy.value(), parse_error);
    BOOST_CHECK_THROW(std::rethrow_exception(what.exception()), remote_exception);
  }
}

BOOST_FIXTURE_TEST_CASE(are_not_caught_twice, nothing_left) {
  // Unwinding stops at the callable, so the frames of the program run no destructor.
  int ends[2];
  BOOST_REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
  struct leaves_a_mark {
    int fd;
    ~leaves_a_mark() { static_cast<void>(!::write(fd, "!", 1)); }
  };
  {
    leaves_a_mark const outside{ends[1]};
    static_cast<void>(fork(
        [&] {
          leaves_a_mark const inside{ends[1]};
          throw 1;
        },
        {.keep = {ends[1]}}));
    char bytes[8];
    BOOST_TEST(::read(ends[0], bytes, sizeof bytes) == 1);
  }
  ::close(ends[0]);
  ::close(ends[1]);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace exceptions_test
