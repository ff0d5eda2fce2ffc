// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_OPERATION_SERVER_TEMPLATES_HPP
#define ISOLATTE_LIB_OPERATION_SERVER_TEMPLATES_HPP

#include "launch/template_group.hpp"

#include <isolatte/fork_server.hpp>

#include <memory>

namespace isolatte::inline v0_1::detail {

/// The templates of a fork server.
std::shared_ptr<launch::template_group> templates_of(const server_handle& server) noexcept;

}  // namespace isolatte::inline v0_1::detail

#endif
