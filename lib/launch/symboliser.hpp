// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_LAUNCH_SYMBOLISER_HPP
#define ISOLATTE_LIB_LAUNCH_SYMBOLISER_HPP

#include "launch/stack_trace.hpp"
#include "posix/child_page.hpp"

#include <isolatte/detail/task/remote_call.hpp>
#include <isolatte/detail/vocabulary/report.hpp>
#include <isolatte/options.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <functional>
#include <string>

// Names are looked up in a child: reading debug information takes long, takes memory, and may crash
// on what it reads. A child has the addresses of the process that it is a copy of.

namespace isolatte::inline v0_1::launch {

/// How long the lookup may hold an outcome back. After that the trace has places in object files
/// instead of names.
constexpr std::chrono::seconds longest_naming{10};

/// The options of a child that looks names up.
options naming_options();
/// The call that such a child runs.
detail::remote_call make_naming_call(const stack_trace& trace);
/// Returns the trace's text with the names that such a child has found. Without memory for it, the
/// text is empty.
std::string text_of(stack_trace& trace, const detail::report& found) noexcept;
/// Returns the trace's text with the names that are known, or nothing if there is no memory for it.
std::string text_of(const stack_trace& trace) noexcept;

/// Turns the frames of a fault into text, in a child that is forked from this process.
void symbolise_by_fork(const boost::asio::any_io_executor& executor,
                       const posix::fault_record& fault, std::function<void(std::string)> then);

}  // namespace isolatte::inline v0_1::launch

#endif
