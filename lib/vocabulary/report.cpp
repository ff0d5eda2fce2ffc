// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include <isolatte/detail/vocabulary/report.hpp>

namespace isolatte::inline v0_1::detail {

report::report() noexcept = default;
report::report(report&& other) noexcept = default;
report& report::operator=(report&& other) noexcept = default;
report::~report() = default;

}  // namespace isolatte::inline v0_1::detail
