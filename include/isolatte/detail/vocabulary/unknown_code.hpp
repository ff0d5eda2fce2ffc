// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_DETAIL_VOCABULARY_UNKNOWN_CODE_HPP
#define ISOLATTE_DETAIL_VOCABULARY_UNKNOWN_CODE_HPP

#include <isolatte/config.hpp>
#include <isolatte/detail/vocabulary/malformed_frame.hpp>

namespace isolatte::inline v0_1::detail {

/// Bytes that name code which this process does not have.
class ISOLATTE_VISIBLE unknown_code final : public malformed_frame {
 public:
  ISOLATTE_DECL unknown_code();
  ISOLATTE_DECL ~unknown_code() override;
};

}  // namespace isolatte::inline v0_1::detail

#endif
