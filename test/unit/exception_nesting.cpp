// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "exception_travel.hpp"

#include <isolatte/detail/exception/codec.hpp>

#include <boost/exception/exception.hpp>
#include <boost/exception/get_error_info.hpp>
#include <boost/exception/info.hpp>
#include <boost/test/unit_test.hpp>
#include <boost/throw_exception.hpp>

#include <exception>
#include <stdexcept>
#include <string>
#include <system_error>

using namespace exception_travel;

namespace exception_nesting_test {

struct nesting_error : std::runtime_error, std::nested_exception {
  using std::runtime_error::runtime_error;
};
ISOLATTE_REGISTER_EXCEPTION(nesting_error)

struct boost_nesting_error : std::domain_error, boost::exception {
  using std::domain_error::domain_error;
};

struct unregistered_nesting_error : std::range_error, std::nested_exception {
  using std::range_error::range_error;
};

}  // namespace exception_nesting_test

using namespace exception_nesting_test;

BOOST_AUTO_TEST_SUITE(exception_nesting)

template <class Innermost>
void throw_chain(int depth, Innermost innermost) {
  std::exception_ptr chain = thrown_by(innermost);
  for (int level = 1; level <= depth; ++level) {
    chain = thrown_by([&chain, level] {
      try {
        std::rethrow_exception(chain);
      } catch (...) {
        std::throw_with_nested(std::runtime_error("level " + std::to_string(level)));
      }
    });
  }
  std::rethrow_exception(chain);
}

BOOST_AUTO_TEST_CASE(level_by_level) {
  auto p = arrival_of([] {
    throw_chain(3, [] {
      throw std::system_error(std::make_error_code(std::errc::bad_address), "innermost");
    });
  });
  for (int depth = 3; depth > 0; --depth) {
    BOOST_TEST(as<std::runtime_error>(p));
    BOOST_TEST(as<std::nested_exception>(p));
    BOOST_TEST(!as<remote_exception>(p));
    BOOST_TEST(what_of(p) == "level " + std::to_string(depth));
    p = next(p);
    BOOST_REQUIRE(p);
  }
  BOOST_TEST(is_exactly<std::system_error>(p));
  BOOST_CHECK(as<std::system_error>(p)->code() == std::errc::bad_address);
  BOOST_CHECK(!next(p));
}

BOOST_AUTO_TEST_CASE(registered_types_in_the_chain) {
  auto const p = arrival_of([] {
    try {
      try {
        throw decorated_error("inner", 1);
      } catch (...) {
        std::throw_with_nested(tagged_error("middle", 2));
      }
    } catch (...) {
      std::throw_with_nested(message_error("outer"));
    }
  });
  BOOST_TEST(as<message_error>(p));
  BOOST_TEST(!as<remote_exception>(p));
  auto const middle = next(p);
  BOOST_REQUIRE(as<tagged_error>(middle));
  BOOST_TEST(as<tagged_error>(middle)->tag == 2);
  BOOST_TEST(!as<remote_exception>(middle));
  auto const inner = next(middle);
  BOOST_REQUIRE(as<tagged_error>(inner));
  BOOST_TEST(as<tagged_error>(inner)->tag == 1);
  BOOST_TEST(as<remote_exception>(inner));
  BOOST_TEST(what_of(inner) == "decorated");
}

BOOST_AUTO_TEST_CASE(unregistered_outer_keeps_inner) {
  auto const p = arrival_of([] {
    try {
      throw 42u;
    } catch (...) {
      std::throw_with_nested(decorated_error("outer", 3));
    }
  });
  BOOST_REQUIRE(as<tagged_error>(p));
  BOOST_TEST(as<remote_exception>(p)->type_name() == "exception_travel::decorated_error");
  auto const inner = next(p);
  BOOST_REQUIRE(as<remote_exception>(inner));
  BOOST_TEST(as<remote_exception>(inner)->message() == "42");
}

BOOST_AUTO_TEST_CASE(types_that_nest_by_themselves) {
  auto const p = arrival_of([] {
    try {
      try {
        throw std::out_of_range("inner");
      } catch (...) {
        throw nesting_error("middle");
      }
    } catch (...) {
      throw unregistered_nesting_error("outer");
    }
  });
  BOOST_TEST(as<std::range_error>(p));
  BOOST_TEST(as<remote_exception>(p));
  auto const middle = next(p);
  BOOST_TEST(is_exactly<nesting_error>(middle));
  BOOST_TEST(what_of(middle) == "middle");
  BOOST_TEST(is_exactly<std::out_of_range>(next(middle)));
}

BOOST_AUTO_TEST_CASE(nothing_is_nested_by_where_it_is_decoded) {
  auto const sent = std::make_exception_ptr(nesting_error("alone"));
  auto const bytes = encode(sent);
  try {
    throw std::runtime_error("unrelated");
  } catch (...) {
    auto const arrived = detail::decode_exception(bytes.bytes());
    BOOST_REQUIRE(as<nesting_error>(arrived));
    BOOST_CHECK(!as<nesting_error>(arrived)->nested_ptr());
  }
}

BOOST_AUTO_TEST_CASE(wrapper_with_nothing_in_it) {
  auto const p = arrival_of([] { std::throw_with_nested(std::runtime_error("alone")); });
  BOOST_TEST(is_exactly<std::runtime_error>(p));
  BOOST_CHECK(!next(p));
}

BOOST_AUTO_TEST_CASE(boost_and_nested) {
  auto const p = arrival_of([] {
    try {
      BOOST_THROW_EXCEPTION(std::range_error("inner"));
    } catch (...) {
      try {
        std::throw_with_nested(boost_nesting_error("outer"));
      } catch (boost::exception& e) {
        e << boost::throw_function("somewhere");
        throw;
      }
    }
  });
  BOOST_TEST(as<std::domain_error>(p));
  BOOST_TEST(as<remote_exception>(p));
  BOOST_REQUIRE(as<boost::exception>(p));
  BOOST_TEST(*boost::get_error_info<boost::throw_function>(*as<boost::exception>(p)) ==
             std::string("somewhere"));
  auto const inner = next(p);
  BOOST_TEST(as<std::range_error>(inner));
  BOOST_TEST(as<boost::exception>(inner));
}

BOOST_AUTO_TEST_CASE(bare_nested_exception) {
  auto const p = arrival_of([] {
    try {
      throw std::runtime_error("inner");
    } catch (...) {
      throw std::nested_exception();
    }
  });
  BOOST_TEST(as<std::exception>(p));
  BOOST_TEST(as<remote_exception>(p));
  BOOST_REQUIRE(as<std::nested_exception>(p));
  BOOST_TEST(what_of(as<std::nested_exception>(p)->nested_ptr()) == "inner");
}

BOOST_AUTO_TEST_CASE(long_chains_end_in_a_note) {
  auto p = arrival_of([] { throw_chain(1000, [] { throw std::logic_error("never seen"); }); });
  int links = 1;
  for (auto inner = next(p); inner; inner = next(inner)) {
    p = inner;
    ++links;
  }
  BOOST_TEST(links == static_cast<int>(detail::max_exception_links) + 1);
  BOOST_TEST(as<remote_exception>(p));
  BOOST_TEST(what_of(p).find("left out") != std::string::npos);

  int exact = 0;
  auto q = arrival_of([] { throw_chain(127, [] { throw std::logic_error("seen"); }); });
  for (auto inner = q; inner; inner = next(inner)) {
    q = inner;
    ++exact;
  }
  BOOST_TEST(exact == 128);
  BOOST_TEST(what_of(q) == "seen");
}

BOOST_AUTO_TEST_CASE(an_inner_one_that_cannot_travel) {
  refusing_error::on_save = true;
  auto const p = arrival_of([] {
    try {
      throw refusing_error("inner");
    } catch (...) {
      std::throw_with_nested(std::runtime_error("outer"));
    }
  });
  BOOST_TEST(what_of(p) == "outer");
  auto const inner = next(p);
  BOOST_REQUIRE(as<std::overflow_error>(inner));
  BOOST_TEST(what_of(inner) == "inner");
  BOOST_TEST(as<remote_exception>(inner)->type_name() == "exception_travel::refusing_error");
}

BOOST_AUTO_TEST_CASE(travels_twice) {
  auto const p =
      travel(arrival_of([] { throw_chain(2, [] { throw tagged_error("innermost", 5); }); }));
  BOOST_TEST(what_of(p) == "level 2");
  BOOST_TEST(!as<remote_exception>(p));
  auto const inner = next(next(p));
  BOOST_TEST(is_exactly<tagged_error>(inner));
}

BOOST_AUTO_TEST_SUITE_END()
