// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include <isolatte/detail/exception/adapter.hpp>
#include <isolatte/remote_exception.hpp>

#include <utility>

namespace isolatte {

remote_exception::remote_exception(std::shared_ptr<const detail::remote_details> details) noexcept
    : details_{std::move(details)} {}

remote_exception::~remote_exception() = default;

namespace detail {

remote_std_exception::remote_std_exception(std::shared_ptr<const remote_details> details) noexcept
    : remote_exception{std::move(details)} {}

remote_std_exception::~remote_std_exception() = default;

const char* remote_std_exception::what() const noexcept { return remote_what(); }

}  // namespace detail

}  // namespace isolatte
