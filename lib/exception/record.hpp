// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_EXCEPTION_RECORD_HPP
#define ISOLATTE_LIB_EXCEPTION_RECORD_HPP

#include <isolatte/detail/exception/registry.hpp>
#include <isolatte/detail/vocabulary/byte_buffer.hpp>

#include <boost/container/static_vector.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

// An exception travels as a chain of links, the outermost first. A link holds several ways to
// rebuild one exception; the reader takes the first that works. This header is pure data: it
// neither throws nor catches, and knows no exception type.

namespace isolatte::inline v0_1::detail {

/// The contents of an exception's standard base classes.
struct standard_parts {
  /// The own text of a std::runtime_error or std::logic_error, which a derived what() may hide.
  std::optional<std::string_view> text{};
  /// An encoded std::error_code.
  std::optional<std::string_view> code{};
  /// An encoded boost::system::error_code.
  std::optional<std::string_view> boost_code{};
  /// The number that stands for the code of a std::future_error or a std::regex_error.
  std::optional<std::int32_t> number{};
  /// The own text of a std::filesystem::filesystem_error.
  std::optional<std::string_view> file_text{};
  std::string_view path1{};
  std::string_view path2{};
};

/// The contents of a boost::exception.
struct boost_parts {
  std::optional<std::string_view> file{};
  std::optional<std::string_view> function{};
  std::optional<std::int32_t> line{};
  std::optional<std::int32_t> column{};
  /// The boost::error_info objects as text, a line each.
  std::string_view infos{};
};

/// A type to try, and the data that rebuilds it.
struct exception_alternative {
  exception_key key{};
  std::optional<std::string_view> data{};
};

inline constexpr std::size_t max_alternatives = 16;

/// One exception of a chain. The views lead into the exception, or into the bytes of a frame.
struct exception_link {
  /// Whether the first alternative is the type that was thrown.
  bool exact = false;
  /// Whether there is a message, which may be empty.
  bool speaks = false;
  std::string_view type_name{};
  std::string_view message{};
  standard_parts standard{};
  std::optional<boost_parts> boost{};
  /// The nearest types first.
  boost::container::static_vector<exception_alternative, max_alternatives> alternatives{};
};

/// The number of bytes that write_link() appends.
std::size_t size_of_link(const exception_link& link) noexcept;
/// Appends the link. Appends nothing if it throws std::bad_alloc.
void write_link(byte_buffer& out, const exception_link& link);
/// Ends the chain. Takes one byte.
void write_end(byte_buffer& out);

/// Reads links, and trusts none of their bytes.
class link_reader {
 public:
  explicit link_reader(std::span<const std::byte> bytes) noexcept : rest_{bytes} {}
  /// The next link, or none at the end of the chain.
  /// @throws malformed_frame
  std::optional<exception_link> next();

 private:
  std::span<const std::byte> rest_;
};

}  // namespace isolatte::inline v0_1::detail

#endif
