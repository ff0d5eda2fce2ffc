// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "posix/descriptor.hpp"
#include "posix/system_calls.hpp"

#include <isolatte/exclude_from_children.hpp>

#include <boost/system/system_error.hpp>

#include <cstdint>

#include <sys/mman.h>
#include <unistd.h>

namespace isolatte::inline v0_1 {

namespace {

#if defined(MADV_DONTFORK) && defined(MADV_DOFORK)
constexpr int leave_out = MADV_DONTFORK;
constexpr int take_in = MADV_DOFORK;

/// Tells the system about the whole pages in a piece of memory.
void advise(const void* data, std::size_t size, int advice,
            boost::system::error_code& ec) noexcept {
  ec = {};
  auto const page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  auto const begin = reinterpret_cast<std::uintptr_t>(data);
  std::uintptr_t const from_page_start = begin % page;
  std::size_t const skipped = from_page_start == 0 ? 0 : page - from_page_start;
  if (size < skipped || size - skipped < page) return;
  std::size_t const whole = (size - skipped) / page * page;
  auto* const first = static_cast<char*>(const_cast<void*>(data)) + skipped;
  if (posix::retry([&] { return posix::sys.madvise(first, whole, advice); }) == -1)
    ec = posix::last_error();
}

#else
constexpr int leave_out = -1;
constexpr int take_in = -1;

void advise(const void*, std::size_t, int, boost::system::error_code& ec) noexcept {
  ec = make_error_code(boost::system::errc::function_not_supported);
}
#endif

void throw_if(const boost::system::error_code& ec, const char* what) {
  if (ec) throw boost::system::system_error{ec, what};
}

}  // namespace

void exclude_from_children(const void* data, std::size_t size,
                           boost::system::error_code& ec) noexcept {
  advise(data, size, leave_out, ec);
}

void exclude_from_children(const void* data, std::size_t size) {
  boost::system::error_code ec;
  exclude_from_children(data, size, ec);
  throw_if(ec, "isolatte::exclude_from_children");
}

void include_in_children(const void* data, std::size_t size,
                         boost::system::error_code& ec) noexcept {
  advise(data, size, take_in, ec);
}

void include_in_children(const void* data, std::size_t size) {
  boost::system::error_code ec;
  include_in_children(data, size, ec);
  throw_if(ec, "isolatte::include_in_children");
}

}  // namespace isolatte::inline v0_1
