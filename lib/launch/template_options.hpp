// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_LAUNCH_TEMPLATE_OPTIONS_HPP
#define ISOLATTE_LIB_LAUNCH_TEMPLATE_OPTIONS_HPP

#include <isolatte/options.hpp>

#include <utility>

namespace isolatte::inline v0_1::launch {

/// The options of a process that others are made from. They get the streams of their requests, so
/// it must not keep this process's open.
/// @param keep its ends of sockets
inline options template_options(kept_descriptors keep) {
  options opts;
  opts.out = discard;
  opts.err = discard;
  opts.keep = std::move(keep);
  opts.fault_report = false;
  return opts;
}

}  // namespace isolatte::inline v0_1::launch

#endif
