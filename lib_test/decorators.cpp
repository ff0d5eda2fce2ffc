// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "plan.hpp"

#include <isolatte/test.hpp>

#include <boost/smart_ptr/make_shared.hpp>
#include <boost/test/framework.hpp>
#include <boost/test/tree/test_unit.hpp>

#include <utility>
#include <variant>

namespace isolatte::inline v0_1::test {

namespace ut = boost::unit_test;
using ut::decorator::base_ptr;

namespace {

/// Makes options of cases of a user's: what a case writes is to be seen.
std::shared_ptr<const options> options_of_case(options&& how) {
  if (std::holds_alternative<discard_t>(how.err)) how.err = inherit;
  how.early = false;
  return std::make_shared<const options>(std::move(how));
}

}  // namespace

isolated::isolated(options how) : how_{options_of_case(std::move(how))} {}

void isolated::apply(ut::test_unit& unit) { plan::instance().isolate(unit, how_); }

base_ptr isolated::clone() const { return boost::make_shared<isolated>(*this); }

void in_process::apply(ut::test_unit& unit) { plan::instance().isolate(unit, nullptr); }

base_ptr in_process::clone() const { return boost::make_shared<in_process>(*this); }

death::death(std::string text, int signal, options how) : text_{std::move(text)}, signal_{signal} {
  if (!how.limits.core_size) how.limits.core_size = 0;
  how.err = capture{};
  how_ = options_of_case(std::move(how));
}

void death::apply(ut::test_unit& unit) {
  plan::instance().isolate(unit, how_);
  plan::instance().expect_death(unit, {text_, signal_});
}

base_ptr death::clone() const { return boost::make_shared<death>(*this); }

isolate_all::isolate_all(options how) {
  plan& all = plan::instance();
  all.isolate(ut::framework::master_test_suite(), options_of_case(std::move(how)));
  if (!ut::framework::test_in_progress()) return;
  all.apply();
}

}  // namespace isolatte::inline v0_1::test
