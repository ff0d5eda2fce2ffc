// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "report_file.hpp"

#include <cerrno>
#include <system_error>
#include <utility>

namespace isolatte_run {

report_file::report_file(std::filesystem::path path) : path_{std::move(path)} {
  if (path_.empty()) return;
  errno = 0;
  file_.open(path_);
  // The stream need not set errno.
  if (!file_)
    throw std::system_error{errno != 0 ? errno : EIO, std::generic_category(),
                            "opening " + path_.string()};
}

void report_file::add(const finished& what, bool with_output) {
  if (!path_.empty()) file_ << json_of(what, with_output) << '\n';
}

void report_file::close() {
  if (path_.empty()) return;
  file_.close();
  if (!file_) throw std::system_error{EIO, std::generic_category(), "writing " + path_.string()};
}

}  // namespace isolatte_run
