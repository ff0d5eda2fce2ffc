// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_DETAIL_VOCABULARY_MALFORMED_FRAME_HPP
#define ISOLATTE_DETAIL_VOCABULARY_MALFORMED_FRAME_HPP

#include <isolatte/config.hpp>

#include <stdexcept>

namespace isolatte::inline v0_1::detail {

/// Bytes that no value of the expected type can have left.
class ISOLATTE_VISIBLE malformed_frame : public std::runtime_error {
 public:
  ISOLATTE_DECL explicit malformed_frame(const char* why);
  ISOLATTE_DECL ~malformed_frame() override;
};

/// Out of line, to keep it out of the way of what is expected to happen.
[[noreturn]] ISOLATTE_DECL void throw_malformed(const char* why);

}  // namespace isolatte::inline v0_1::detail

#endif
