// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_LAUNCH_EXECUTE_HPP
#define ISOLATTE_LIB_LAUNCH_EXECUTE_HPP

#include "launch/launched.hpp"

#include <isolatte/options.hpp>
#include <isolatte/program.hpp>

#include <boost/asio/any_io_executor.hpp>

namespace isolatte::inline v0_1::launch {

/// Launches a program. Whether the program can be executed is known only at the child's end.
launched execute(const boost::asio::any_io_executor& executor, const program& what,
                 const options& opts, detail::report_handler waiting);

}  // namespace isolatte::inline v0_1::launch

#endif
