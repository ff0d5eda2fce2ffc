// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// The library's headers come first, as in a program that sorts its includes.
#include <isolatte/fork.hpp>

#include <boost/serialization/base_object.hpp>
#include <boost/serialization/export.hpp>
#include <boost/test/unit_test.hpp>

#include <memory>

namespace header_order_test {

struct shape {
  virtual ~shape() = default;
  virtual int corners() const { return 0; }
  int colour = 0;
  template <class Archive>
  void serialize(Archive& ar, unsigned) {
    ar & colour;
  }
};

struct square : shape {
  int corners() const override { return 4; }
  int side = 0;
  template <class Archive>
  void serialize(Archive& ar, unsigned) {
    ar& boost::serialization::base_object<shape>(*this);
    ar & side;
  }
};

}  // namespace header_order_test

BOOST_CLASS_EXPORT(header_order_test::square)

namespace header_order_test {

BOOST_AUTO_TEST_SUITE(header_order)

BOOST_AUTO_TEST_CASE(classes_with_polymorphic_bases_link_and_travel) {
  auto const done = isolatte::fork([]() -> std::unique_ptr<shape> {
    auto made = std::make_unique<square>();
    made->colour = 7;
    made->side = 3;
    return made;
  });
  BOOST_REQUIRE(done.has_value());
  BOOST_TEST(done.value()->corners() == 4);
  BOOST_TEST(done.value()->colour == 7);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace header_order_test
