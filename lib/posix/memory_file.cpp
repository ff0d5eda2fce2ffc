// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "posix/memory_file.hpp"

#include "posix/system_calls.hpp"

#include <unistd.h>

namespace isolatte::posix {

namespace {

descriptor make_empty(boost::system::error_code& ec) noexcept {
  descriptor file{retry([&] { return sys.temporary_file(); })};
  if (!file) {
    ec = last_error();
    return file;
  }
  return above_stdio(std::move(file), ec);
}

}  // namespace

descriptor make_memory_file(std::size_t size, boost::system::error_code& ec) noexcept {
  descriptor file = make_empty(ec);
  if (ec) return {};
  if (retry([&] { return sys.ftruncate(file.get(), static_cast<off_t>(size)); }) == -1) {
    ec = last_error();
    return {};
  }
  return file;
}

descriptor make_memory_file(std::span<const std::byte> bytes,
                            boost::system::error_code& ec) noexcept {
  descriptor file = make_empty(ec);
  if (ec) return {};
  if (!write_all(file.get(), bytes) || sys.lseek(file.get(), 0, SEEK_SET) == -1) {
    ec = last_error();
    return {};
  }
  return file;
}

}  // namespace isolatte::posix
