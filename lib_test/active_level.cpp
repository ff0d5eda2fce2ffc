// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "active_level.hpp"

#include <boost/test/unit_test_log.hpp>
#include <boost/test/unit_test_log_formatter.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <ostream>
#include <stdexcept>

namespace isolatte::inline v0_1::test {

// Boost.Test does not tell which of its formats are active. The beginning of an entry restores the
// state of the streams of the active ones, so a changed state that stays is that of another one.
boost::unit_test::log_level take_active_level() {
  using namespace boost::unit_test;
  static constexpr std::array formats{OF_CLF, OF_XML, OF_JUNIT, OF_CUSTOM_LOGGER};
  static constexpr std::streamsize mark = 7;
  static std::array<std::ostream, formats.size()> streams{
      std::ostream{nullptr}, std::ostream{nullptr}, std::ostream{nullptr}, std::ostream{nullptr}};

  for (std::size_t i = 0; i != formats.size(); ++i) {
    if (!unit_test_log.get_formatter(formats[i])) continue;
    streams[i].width(0);
    unit_test_log.set_stream(formats[i], streams[i]);
    if (unit_test_log.get_stream(formats[i]) != &streams[i])
      throw std::logic_error{"isolatte: an entry of the log was begun and not ended"};
    streams[i].width(mark);
  }
  unit_test_log << log::begin("", 0);
  log_level lowest = log_nothing;
  for (std::size_t i = 0; i != formats.size(); ++i)
    if (unit_test_log_formatter* const formatter = unit_test_log.get_formatter(formats[i]);
        formatter && streams[i].width() != mark)
      lowest = std::min(lowest, formatter->get_log_level());
  return lowest;
}

}  // namespace isolatte::inline v0_1::test
