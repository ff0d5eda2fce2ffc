// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "launch/fork_launcher.hpp"

#include "posix/fork_child.hpp"

#include <boost/system/system_error.hpp>

#include <new>
#include <system_error>

namespace isolatte::launch {

forked fork(const boost::asio::any_io_executor& executor, detail::child_task& task,
            const options& opts, supervise::symbolise_function symbolise,
            boost::system::error_code& ec, const char*& step) {
  forked result;
  try {
    step = "opening the child's streams";
    result.supervisor = supervise::supervisor::make(executor, opts, symbolise, ec);
    if (ec) return {};
    step = "creating the child";
    result.child = posix::fork_child(task, result.supervisor->ends(), opts, ec);
    if (ec) return {};
  } catch (const std::bad_alloc&) {
    ec = boost::system::errc::make_error_code(boost::system::errc::not_enough_memory);
    return {};
  } catch (const boost::system::system_error& error) {
    // An event loop opens its own descriptors when it is first used.
    ec = error.code();
    return {};
  } catch (const std::system_error& error) {
    ec = error.code();
    return {};
  }
  return result;
}

}  // namespace isolatte::launch
