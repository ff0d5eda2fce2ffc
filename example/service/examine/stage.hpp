// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_EXAMPLE_SERVICE_STAGE_HPP
#define ISOLATTE_EXAMPLE_SERVICE_STAGE_HPP

#include <isolatte/channel.hpp>

#include <cstdint>
#include <string>

namespace service {

/// A job's word of how far it is. The first one tells that a worker has begun the job.
struct stage {
  std::string text;
  std::uint64_t slot = 0;
  std::uint64_t generation = 0;
  int pid = 0;

  template <class Archive>
  void serialize(Archive& ar, unsigned) {
    ar & text & slot & generation & pid;
  }
};

using progress = isolatte::channel<stage>;

/// Tells the service how far the job is, if there is room for the message.
void tell(progress& to, std::string text);

}  // namespace service

#endif
