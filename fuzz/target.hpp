// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_FUZZ_TARGET_HPP
#define ISOLATTE_FUZZ_TARGET_HPP

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

// A target feeds bytes that no one vouches for to a decoder of the library. Each file of this
// folder that defines one has the name of the target, and `isolatte_fuzz --target=NAME` runs it.

namespace isolatte::fuzz {

using bytes = std::vector<std::byte>;
using input = std::span<const std::byte>;

/// A decoder, and what has to hold of it.
struct target {
  const char* name;
  /// Ends the process if something does not hold.
  void (*run)(input);
  /// Inputs with sound messages.
  std::vector<bytes> (*seeds)();
};

/// Adds a target to all_targets() before main().
struct registration {
  explicit registration(const target& what);
};
const std::vector<target>& all_targets();
/// @return null if there is none of that name
const target* find_target(std::string_view name);

/// Ends the process, with these words, unless the condition holds.
void require(bool holds, const char* what);

/// Feeds an input to a target, and ends the process if that takes more than half a second of
/// processor time, which hardly depends on the load. The fuzzer ends an endless decoder.
void run_in_time(const target& what, input bytes);

/// Ends the process if more than so many bytes are allocated, and not freed, during its life. Only
/// one may live at a time.
///
/// With AddressSanitizer every allocation counts, otherwise those of operator new alone.
class memory_bound {
 public:
  explicit memory_bound(std::size_t most) noexcept;
  memory_bound(const memory_bound&) = delete;
  memory_bound& operator=(const memory_bound&) = delete;
  ~memory_bound();
};

/// Takes the choices that a target makes off the front of its input.
class choices {
 public:
  explicit choices(input from) noexcept : rest_{from} {}

  /// An integer; missing bytes are 0.
  template <class T>
  T take() noexcept {
    static_assert(std::is_integral_v<T>);
    T number{};
    std::size_t const here = std::min(sizeof number, rest_.size());
    if (here != 0) std::memcpy(&number, rest_.data(), here);
    rest_ = rest_.subspan(here);
    return number;
  }
  template <class T, std::size_t Count>
  T one_of(const std::array<T, Count>& all) noexcept {
    return all[take<std::uint8_t>() % Count];
  }
  /// Fills the object; missing bytes stay as they are.
  void fill(void* object, std::size_t size) noexcept {
    std::size_t const here = std::min(size, rest_.size());
    if (here != 0) std::memcpy(object, rest_.data(), here);
    rest_ = rest_.subspan(here);
  }
  /// At most so many bytes.
  input take_bytes(std::size_t count) noexcept {
    input const here = rest_.first(std::min(count, rest_.size()));
    rest_ = rest_.subspan(here.size());
    return here;
  }
  input rest() const noexcept { return rest_; }

 private:
  input rest_;
};

/// The lengths of the pieces in which a stream arrives.
class pieces {
 public:
  /// @param pattern 0: all at once
  explicit pieces(std::uint8_t pattern) noexcept : pattern_{pattern} {}
  std::size_t next() noexcept {
    if (pattern_ == 0) return static_cast<std::size_t>(-1);
    state_ = state_ * 1103515245 + 12345 + pattern_;
    return 1 + (state_ >> 16) % pattern_;
  }

 private:
  std::uint32_t pattern_;
  std::uint32_t state_ = 0;
};

/// Feeds a stream to a reader that has space() and filled(), as far as it has space.
/// @param after called after each piece; reading ends if it returns false
template <class Reader, class After>
void feed(Reader& reader, input stream, pieces lengths, After after) {
  while (!stream.empty()) {
    std::span<std::byte> const room = reader.space();
    if (room.empty()) return;
    std::size_t const count = std::min({room.size(), stream.size(), lengths.next()});
    std::memcpy(room.data(), stream.data(), count);
    reader.filled(count);
    stream = stream.subspan(count);
    if (!after()) return;
  }
}

// For seeds.

template <class... Numbers>
bytes raw(Numbers... numbers) {
  return {static_cast<std::byte>(numbers)...};
}
inline void append(bytes& to, input more) { to.insert(to.end(), more.begin(), more.end()); }
template <class T>
void append_object(bytes& to, const T& object) {
  static_assert(std::is_trivially_copyable_v<T>);
  append(to, std::as_bytes(std::span{&object, 1}));
}

}  // namespace isolatte::fuzz

#endif
