// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include <isolatte/detail/vocabulary/report.hpp>

namespace isolatte::inline v0_1::detail {

report::report() noexcept = default;
report::report(report&& other) noexcept = default;
report& report::operator=(report&& other) noexcept = default;
report::~report() = default;

report report::copy() const {
  report same;
  same.summary = summary;
  same.kind = kind;
  same.payload.append(payload.data(), payload.size());
  same.max_result = max_result;
  same.refused_with = refused_with;
  return same;
}

}  // namespace isolatte::inline v0_1::detail
