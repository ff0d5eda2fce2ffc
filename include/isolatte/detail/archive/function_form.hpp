// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_DETAIL_ARCHIVE_FUNCTION_FORM_HPP
#define ISOLATTE_DETAIL_ARCHIVE_FUNCTION_FORM_HPP

namespace isolatte::inline v0_1::detail {

/// How the bytes of a call tell which function it calls.
enum class function_form : unsigned char {
  /// By its address: the reader has the same code at the same addresses.
  address,
  /// By its code_name: the reader runs the same program, and has loaded it anywhere.
  name,
};

}  // namespace isolatte::inline v0_1::detail

#endif
