// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_SOAK_STREAMS_HPP
#define ISOLATTE_SOAK_STREAMS_HPP

#include "plan.hpp"

#include <isolatte/outcome.hpp>
#include <isolatte/stdio.hpp>

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

namespace soak {

/// One output of a job: the sink, and what has come there.
class stream {
 public:
  stream(const plan& job, sink_kind kind, std::filesystem::path file);
  ~stream();
  stream(const stream&) = delete;
  stream& operator=(const stream&) = delete;

  isolatte::sink sink();
  /// Compares what has come with the flood that the job has written.
  /// @param captured the outcome's text
  /// @return what is wrong, or nothing
  std::string check(std::string_view captured, bool was_truncated) const;

 private:
  struct lines {
    std::size_t count = 0;
    bool are_right = true;
  };
  std::string whole() const;

  work what_;
  sink_kind kind_;
  std::size_t limit_;
  std::filesystem::path file_;
  std::shared_ptr<lines> lines_ = std::make_shared<lines>();
};

}  // namespace soak

#endif
