// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_TEST_REPLAY_HPP
#define ISOLATTE_LIB_TEST_REPLAY_HPP

#include "case_notes.hpp"
#include "event.hpp"

#include <isolatte/config.hpp>
#include <isolatte/resource_limits.hpp>

#include <boost/test/execution_monitor.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace isolatte::inline v0_1::test {

/// Repeats in the program what a case did in its child, for the case that is the current one.
class replay {
 public:
  /// @param limits those of the child
  explicit replay(const resource_limits& limits) : address_space_{limits.address_space} {}

  /// Repeats an event, and before it the assertions that passed.
  void repeat(const event& what);
  /// Repeats the rest of what the child has noted, after its end.
  void finish(const case_notes& notes);

  /// Reports what stands for an exception that was not caught, where the notes say it was.
  void report(boost::execution_exception::error_code code, const std::string& text,
              const case_notes& notes);

  /// Throws the exception of the case after which the module may not go on, if there was one.
  void throw_if_fatal() const;

 private:
  void repeat_passed(std::uint64_t up_to);
  void repeat_entry(const event& entry);
  void repeat_exception(const event& thrown);

  /// Adds why there was no memory, to an exception that says that there was none.
  void explain(event& thrown) const;

  std::optional<std::uint64_t> address_space_;
  std::uint64_t passed_ = 0;
  bool count_is_lost_ = false;
  std::vector<event> fatal_;
};

/// Adds an entry of the library's own to the log, at the place of the current case, and counts it.
void add_assertion(bool passed, const std::string& text);

}  // namespace isolatte::inline v0_1::test

#endif
