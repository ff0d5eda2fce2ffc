// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "exception_travel.hpp"

#include <boost/exception/diagnostic_information.hpp>
#include <boost/exception/enable_current_exception.hpp>
#include <boost/exception/enable_error_info.hpp>
#include <boost/exception/get_error_info.hpp>
#include <boost/exception/info.hpp>
#include <boost/system/system_error.hpp>
#include <boost/test/unit_test.hpp>
#include <boost/throw_exception.hpp>

#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

using namespace exception_travel;

namespace exception_boost_test {

struct boost_error : virtual std::exception, virtual boost::exception {
  const char* what() const noexcept override { return "boost error"; }
  int level = 0;
  template <class Archive>
  void serialize(Archive& ar, unsigned) {
    ar & level;
  }
};
ISOLATTE_REGISTER_EXCEPTION(boost_error)

struct unregistered_boost_error : std::domain_error, boost::exception {
  using std::domain_error::domain_error;
};
struct bare_boost_error : boost::exception {};

}  // namespace exception_boost_test

using namespace exception_boost_test;

BOOST_AUTO_TEST_SUITE(exception_boost)

using info_number = boost::error_info<struct info_number_tag, int>;
using info_text = boost::error_info<struct info_text_tag, std::string>;

BOOST_AUTO_TEST_CASE(throw_exception_keeps_type_and_place) {
  auto const thrown = thrown_by([] { BOOST_THROW_EXCEPTION(std::range_error("thrown")); });
  auto const arrived = travel(thrown);
  BOOST_REQUIRE(as<std::range_error>(arrived));
  BOOST_TEST(!as<remote_exception>(arrived));
  BOOST_TEST(what_of(arrived) == "thrown");
  auto const* const e = as<boost::exception>(arrived);
  BOOST_REQUIRE(e);
  BOOST_TEST(*boost::get_error_info<boost::throw_file>(*e) == std::string(__FILE__));
  auto const here = boost::get_throw_location(*as<boost::exception>(thrown));
  auto const there = boost::get_throw_location(*e);
  BOOST_TEST(there.line() == here.line());
  BOOST_TEST(there.column() == here.column());
  BOOST_TEST(there.function_name() == std::string(here.function_name()));
  std::string const text = boost::diagnostic_information(*e);
  BOOST_TEST(text.find(__FILE__) != std::string::npos);
  BOOST_TEST(text.find("thrown") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(without_a_place) {
  auto const arrived = arrival_of([] { boost::throw_exception(std::range_error("thrown")); });
  BOOST_REQUIRE(as<std::range_error>(arrived));
  auto const* const e = as<boost::exception>(arrived);
  BOOST_REQUIRE(e);
  BOOST_TEST(!boost::get_error_info<boost::throw_file>(*e));
  BOOST_TEST(!boost::get_error_info<boost::throw_line>(*e));
}

BOOST_AUTO_TEST_CASE(registered_type_in_a_wrapper) {
  auto const arrived = arrival_of([] { BOOST_THROW_EXCEPTION(tagged_error("tagged", 11)); });
  BOOST_REQUIRE(as<tagged_error>(arrived));
  BOOST_TEST(as<tagged_error>(arrived)->tag == 11);
  BOOST_TEST(as<boost::exception>(arrived));
  BOOST_TEST(!as<remote_exception>(arrived));
}

BOOST_AUTO_TEST_CASE(system_error_in_a_wrapper) {
  namespace bs = boost::system;
  auto const arrived = arrival_of([] {
    BOOST_THROW_EXCEPTION(bs::system_error(bs::error_code(EPIPE, bs::system_category()), "pipe"));
  });
  BOOST_REQUIRE(as<bs::system_error>(arrived));
  BOOST_CHECK(as<bs::system_error>(arrived)->code() == bs::errc::broken_pipe);
  BOOST_TEST(!as<remote_exception>(arrived));
}

BOOST_AUTO_TEST_CASE(unregistered_type_in_a_wrapper) {
  auto const arrived = arrival_of([] { BOOST_THROW_EXCEPTION(decorated_error("text", 12)); });
  BOOST_REQUIRE(as<tagged_error>(arrived));
  BOOST_TEST(as<tagged_error>(arrived)->tag == 12);
  BOOST_REQUIRE(as<remote_exception>(arrived));
  BOOST_TEST(as<remote_exception>(arrived)->type_name() == "exception_travel::decorated_error");
  BOOST_TEST(as<boost::exception>(arrived));
  std::string const text = as<remote_exception>(arrived)->diagnostics();
  BOOST_TEST(text.find(__FILE__) != std::string::npos);
  BOOST_TEST(text.find("exception_travel::decorated_error") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(old_wrappers) {
  auto const arrived = arrival_of([] {
    throw boost::enable_current_exception(boost::enable_error_info(std::underflow_error("old"))
                                          << info_number(5));
  });
  BOOST_REQUIRE(as<std::underflow_error>(arrived));
  BOOST_TEST(!as<remote_exception>(arrived));
  BOOST_REQUIRE(as<boost::exception>(arrived));
  BOOST_TEST(what_of(arrived) == "old");
}

BOOST_AUTO_TEST_CASE(infos_as_text) {
  auto const thrown = thrown_by([] {
    throw boost::enable_error_info(std::runtime_error("with infos"))
        << info_number(77) << info_text("a note");
  });
  auto const check = [](const std::exception_ptr& p) {
    BOOST_REQUIRE(as<boost::exception>(p));
    std::string const text = boost::diagnostic_information(*as<boost::exception>(p));
    BOOST_TEST(text.find("info_number_tag*] = 77\n") != std::string::npos);
    BOOST_TEST(text.find("info_text_tag*] = a note\n") != std::string::npos);
  };
  auto const arrived = travel(thrown);
  check(arrived);
  check(travel(arrived));
  BOOST_TEST(is_exactly<std::runtime_error>(arrived) == false);
  BOOST_TEST(!as<remote_exception>(arrived));
}

BOOST_AUTO_TEST_CASE(infos_outlive_the_frame) {
  std::exception_ptr arrived = arrival_of([] { BOOST_THROW_EXCEPTION(std::range_error("x")); });
  std::string text;
  try {
    std::rethrow_exception(std::exchange(arrived, nullptr));
  } catch (const boost::exception& e) {
    struct copy : boost::exception {
      explicit copy(const boost::exception& e) : boost::exception(e) {}
    };
    auto const kept = std::make_unique<copy>(e);
    arrived = nullptr;
    text = *boost::get_error_info<boost::throw_file>(*kept);
  }
  BOOST_TEST(text == __FILE__);
}

BOOST_AUTO_TEST_CASE(types_that_are_boost_exceptions) {
  auto const arrived = arrival_of([] {
    boost_error e;
    e.level = 3;
    e << info_number(1);
    BOOST_THROW_EXCEPTION(e);
  });
  BOOST_REQUIRE(as<boost_error>(arrived));
  BOOST_TEST(as<boost_error>(arrived)->level == 3);
  BOOST_TEST(is_exactly<boost_error>(arrived));
  std::string const text = boost::diagnostic_information(*as<boost_error>(arrived));
  BOOST_TEST(text.find("info_number_tag*] = 1") != std::string::npos);
  BOOST_TEST(text.find(__FILE__) != std::string::npos);

  auto const other = arrival_of([] { throw unregistered_boost_error("domain") << info_number(2); });
  BOOST_TEST(as<std::domain_error>(other));
  BOOST_TEST(as<boost::exception>(other));
  BOOST_REQUIRE(as<remote_exception>(other));
  BOOST_TEST(as<remote_exception>(other)->diagnostics().find("= 2") != std::string::npos);

  auto const bare = arrival_of([] { throw bare_boost_error() << info_number(3); });
  BOOST_TEST(as<std::exception>(bare));
  BOOST_TEST(as<boost::exception>(bare));
  BOOST_TEST(as<remote_exception>(bare)->type_name() == "exception_boost_test::bare_boost_error");
}

BOOST_AUTO_TEST_CASE(what_that_is_the_diagnostic_information) {
  struct talkative : std::exception, boost::exception {
    const char* what() const noexcept override { return boost::diagnostic_information_what(*this); }
  };
  auto const thrown = thrown_by([] { throw talkative() << info_number(4); });
  auto const arrived = travel(thrown);
  BOOST_TEST(what_of(arrived) == what_of(thrown));
}

BOOST_AUTO_TEST_CASE(throw_with_location) {
  auto const arrived = arrival_of([] { boost::throw_with_location(std::range_error("located")); });
  BOOST_TEST(as<std::range_error>(arrived));
  BOOST_TEST(!as<remote_exception>(arrived));
}

BOOST_AUTO_TEST_SUITE_END()
