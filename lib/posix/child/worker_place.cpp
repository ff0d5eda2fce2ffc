// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "posix/child/worker_place.hpp"

#include "posix/descriptor.hpp"

#include <boost/system/system_error.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>

#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace isolatte::inline v0_1::posix {

namespace {

using boost::system::error_code;

/// The processors, a bit each, as the kernel has them: more than the C library's type holds.
class processor_set {
 public:
  static constexpr std::size_t most = 16 * 1024;

  void add(std::size_t number) noexcept { words_[number / bits] |= 1ul << number % bits; }
  bool has(std::size_t number) const noexcept {
    return number < most && (words_[number / bits] >> number % bits & 1) != 0;
  }
#if defined(__linux__)
  /// Reads those that this process may use.
  error_code get() noexcept {
    return ::syscall(SYS_sched_getaffinity, 0, sizeof words_, words_.data()) == -1 ? last_error()
                                                                                   : error_code{};
  }
  /// Has this process use these.
  error_code set() const noexcept {
    return ::syscall(SYS_sched_setaffinity, 0, sizeof words_, words_.data()) == -1 ? last_error()
                                                                                   : error_code{};
  }
#else
  error_code get() noexcept { return {ENOTSUP, boost::system::system_category()}; }
  error_code set() const noexcept { return {ENOTSUP, boost::system::system_category()}; }
#endif

 private:
  static constexpr std::size_t bits = sizeof(unsigned long) * CHAR_BIT;
  std::array<unsigned long, most / bits> words_{};
};

bool is_name(const std::string& text) noexcept {
  return !text.empty() && text.find('=') == std::string::npos &&
         text.find('\0') == std::string::npos;
}

/// Comes before the processors and the variables.
struct place_header {
  std::uint64_t processors = 0;
};

}  // namespace

error_code check_place(const worker_slot& place) {
  auto const wrong = make_error_code(boost::system::errc::invalid_argument);
  for (auto const& [name, value] : place.environment)
    if (!is_name(name) || (value && value->find('\0') != std::string::npos)) return wrong;
  if (place.cpus.empty()) return {};
  processor_set allowed;
  if (auto const ec = allowed.get()) return ec;
  bool const are_allowed = std::all_of(place.cpus.begin(), place.cpus.end(), [&](int each) {
    return each >= 0 && allowed.has(static_cast<std::size_t>(each));
  });
  return are_allowed ? error_code{} : wrong;
}

void encode_place(detail::byte_buffer& out, const worker_slot& place) {
  place_header const header{place.cpus.size()};
  out.append(&header, sizeof header);
  out.append(place.cpus.data(), place.cpus.size() * sizeof(int));
  for (auto const& [name, value] : place.environment) {
    std::string const line = value ? name + '=' + *value : name;
    out.append(line.c_str(), line.size() + 1);
  }
}

void take_place(std::span<const std::byte> place) {
  place_header header;
  std::memcpy(static_cast<void*>(&header), place.data(), sizeof header);
  place = place.subspan(sizeof header);
  processor_set mine;
  for (std::uint64_t i = 0; i != header.processors; ++i) {
    int number = 0;
    std::memcpy(&number, place.data(), sizeof number);
    mine.add(static_cast<std::size_t>(number));
    place = place.subspan(sizeof number);
  }
  if (header.processors != 0)
    if (auto const ec = mine.set())
      throw boost::system::system_error{ec, "isolatte: the processors of the worker's slot"};
  while (!place.empty()) {
    std::string line = reinterpret_cast<const char*>(place.data());
    place = place.subspan(line.size() + 1);
    auto const sign = line.find('=');
    bool const is_set = sign != std::string::npos;
    if (is_set) line[sign] = '\0';
    int const done =
        is_set ? ::setenv(line.c_str(), line.c_str() + sign + 1, 1) : ::unsetenv(line.c_str());
    if (done == -1)
      throw boost::system::system_error{last_error(), "isolatte: the environment of the slot"};
  }
}

}  // namespace isolatte::inline v0_1::posix
