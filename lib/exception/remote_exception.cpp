// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include <isolatte/remote_exception.hpp>

#include <utility>

namespace isolatte::inline v0_1 {

remote_exception::remote_exception(std::shared_ptr<const detail::remote_details> details) noexcept
    : details_{std::move(details)} {}

remote_exception::~remote_exception() = default;

}  // namespace isolatte::inline v0_1
