// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "report_file.hpp"

#include <cerrno>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

namespace isolatte_run {

namespace {

constexpr mode_t readable_by_all = 0666;  // less the umask

}  // namespace

report_file::report_file(const std::filesystem::path& path) {
  if (path.empty()) return;
  descriptor_ =
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, readable_by_all);
  if (descriptor_ == -1)
    throw std::system_error{errno, std::generic_category(), "opening " + path.string()};
  output_.emplace(descriptor_, path.string());
}

report_file::~report_file() {
  if (descriptor_ != -1) ::close(descriptor_);
}

void report_file::add(const finished& what, bool with_output) {
  if (output_) output_->write(json_of(what, with_output) + '\n');
}

void report_file::check() const {
  if (output_) output_->check();
}

void report_file::close() {
  check();
  if (descriptor_ == -1) return;
  // Some file systems tell here that there is no room. The descriptor is closed in any case.
  if (::close(std::exchange(descriptor_, -1)) != 0) output_->fail(errno);
  check();
}

}  // namespace isolatte_run
