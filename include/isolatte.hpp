// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_HPP
#define ISOLATTE_HPP

/// @file
/// All of isolatte.

#include <isolatte/async_execute.hpp>
#include <isolatte/async_fork.hpp>
#include <isolatte/async_map.hpp>
#include <isolatte/call.hpp>
#include <isolatte/callbacks.hpp>
#include <isolatte/channel.hpp>
#include <isolatte/child.hpp>
#include <isolatte/collapse_to_huge_pages.hpp>
#include <isolatte/config.hpp>
#include <isolatte/ending.hpp>
#include <isolatte/error.hpp>
#include <isolatte/exception.hpp>
#include <isolatte/exclude_from_children.hpp>
#include <isolatte/fault_info.hpp>
#include <isolatte/fork.hpp>
#include <isolatte/fork_server.hpp>
#include <isolatte/map_options.hpp>
#include <isolatte/observe.hpp>
#include <isolatte/on_message.hpp>
#include <isolatte/options.hpp>
#include <isolatte/outcome.hpp>
#include <isolatte/pool_options.hpp>
#include <isolatte/program.hpp>
#include <isolatte/prometheus_metrics.hpp>
#include <isolatte/recycle_options.hpp>
#include <isolatte/resident.hpp>
#include <isolatte/resource_limits.hpp>
#include <isolatte/resource_usage.hpp>
#include <isolatte/run_summary.hpp>
#include <isolatte/sandbox.hpp>
#include <isolatte/serialization.hpp>
#include <isolatte/startup_call.hpp>
#include <isolatte/stdio.hpp>
#include <isolatte/this_worker.hpp>
#include <isolatte/trace_event_writer.hpp>
#include <isolatte/worker_id.hpp>
#include <isolatte/worker_pool.hpp>
#include <isolatte/worker_slot.hpp>
#include <isolatte/worker_startup.hpp>

#endif
