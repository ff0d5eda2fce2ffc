// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_LAUNCH_SYMBOLISER_HPP
#define ISOLATTE_LIB_LAUNCH_SYMBOLISER_HPP

#include "posix/child_page.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <functional>
#include <string>

namespace isolatte::inline v0_1::launch {

/// Turns the frames of a fault into text, in a child made for that: reading debug information takes
/// long, takes memory, and may crash on what it reads. A child of this process has the same
/// addresses. Lines are kept, so a fault that happens again costs nothing.
void symbolise(const boost::asio::any_io_executor& executor, const posix::fault_record& fault,
               std::function<void(std::string)> then);

}  // namespace isolatte::inline v0_1::launch

#endif
