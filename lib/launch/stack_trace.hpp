// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_LAUNCH_STACK_TRACE_HPP
#define ISOLATTE_LIB_LAUNCH_STACK_TRACE_HPP

#include "posix/child_page.hpp"
#include "posix/object_map.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace isolatte::inline v0_1::launch {

/// A fault's stack on its way to text.
///
/// Names are kept as long as the process lives, so a fault that happens again costs nothing. The
/// child may have recorded anything: an address outside the code that was loaded has no name, and
/// is not kept.
class stack_trace {
 public:
  /// @param loaded what the process had loaded that the faulting child was a copy of
  stack_trace(const posix::object_map& loaded, const posix::fault_record& fault);

  /// The addresses of code whose names are not known.
  const std::vector<std::uintptr_t>& unnamed() const noexcept { return unnamed_; }
  /// Takes and keeps the names of the unnamed ones.
  /// @param lines a line for each, as describe() gives them
  void name(std::string_view lines);
  /// The frames one below the other, each with its number. A frame without name is told by its
  /// place in its object file, and one outside of any by its address.
  std::string text() const;

 private:
  struct frame {
    std::uintptr_t address;
    std::optional<posix::code_place> place;
    std::string name;
  };
  std::vector<frame> frames_;
  std::vector<std::uintptr_t> unnamed_;
};

/// The number of frames that are left without the outermost ones that belong to the library: its
/// functions, and the standard library's between them. All are left if no other is there.
std::size_t frames_of_the_user(std::span<const std::string> names);

}  // namespace isolatte::inline v0_1::launch

#endif
